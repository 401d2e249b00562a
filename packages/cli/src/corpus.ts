/** The texts that a command was given, as one corpus: lines for a tokenizer, windows for training and evaluation. */
import {
  interleavedLines,
  type Json,
  type TextSource,
  type Tokenizer,
  type TokenizerJson,
  trainTokenizer,
  WindowStream,
  type WindowStreamState,
} from '@lacuna/core';
import { openText } from '@lacuna/core/node';
import { type Session, UsageError } from './command.ts';

export interface Corpus {
  readonly sources: readonly TextSource[];
  /** All lines, the sources in turn, a line of each: a tokenizer that stops early has seen all of them. */
  lines(): AsyncGenerator<string>;
  /** Windows mixed by the sources' sizes; `state` is what an earlier stream's `state` was. */
  windows(tokenizer: Tokenizer, seed: number, state?: Json): WindowStream;
}

/** Opens files, or `embedded`. Throws `invalid_argument` for none, `file_not_found`. */
export async function openCorpus(paths: readonly string[], textColumn: string | undefined): Promise<Corpus> {
  if (paths.length === 0) throw new UsageError('text: expected at least one FILE, got none.');
  const sources = await Promise.all(paths.map((path) => openText(path, textColumn)));
  return {
    sources,
    lines: () => interleavedLines(sources),
    windows: (tokenizer, seed, state) =>
      new WindowStream(sources, tokenizer, { seed }, state as WindowStreamState | undefined),
  };
}

/** Trains a tokenizer on the corpus, with progress. */
export function tokenizerFor(
  corpus: Corpus,
  options: { readonly vocabSize: number; readonly maxBytes: number },
  session: Session,
): Promise<TokenizerJson> {
  return trainTokenizer(corpus.lines(), {
    ...options,
    signal: session.signal,
    onProgress: ({ phase, bytes, pieces }) => {
      const counting = phase === 'counting';
      const fraction = counting ? Math.min(1, bytes / options.maxBytes) / 2 : 0.5 + pieces / options.vocabSize / 2;
      const detail = counting ? `${(bytes / 1e6).toFixed(0)} MB of words` : `${pieces} pieces`;
      session.progress.update({ label: 'tokenizer', fraction, detail });
    },
  });
}
