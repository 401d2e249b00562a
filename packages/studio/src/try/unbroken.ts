/** Words with the points that touch them: a line breaks at white space, not between a word and its comma. */
import type { GapText, Word } from './gap-text.ts';

export type Piece = { readonly word: Word; readonly part: number } | { readonly text: string };

export interface Run {
  /** White space before it. */
  readonly space: string;
  readonly pieces: readonly Piece[];
}

export function unbrokenRuns(text: GapText): Run[] {
  const runs: { space: string; pieces: Piece[] }[] = [];
  let run = { space: '', pieces: [] as Piece[] };
  const end = (space: string) => {
    if (run.pieces.length > 0 || run.space !== '') runs.push(run);
    run = { space, pieces: [] };
  };
  for (const [part, of] of text.entries()) {
    if (of.kind === 'word') {
      run.pieces.push({ word: of, part });
      continue;
    }
    for (const piece of of.text.split(/(\s+)/)) {
      if (/^\s/.test(piece)) end(piece);
      else if (piece !== '') run.pieces.push({ text: piece });
    }
  }
  end('');
  return runs;
}
