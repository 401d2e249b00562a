/** Attributions as a text: pieces joined to words again, each with what it adds. */
import type { ExplainedToken } from '@lacuna/client/local';

export interface TintedPiece {
  /** Without the `##` of a piece that goes on within a word. */
  readonly text: string;
  /** Whether a space stands before it. */
  readonly hasSpace: boolean;
  /** In nats; positive speaks for the answer. */
  readonly attribution: number;
  /** 0 to 1: its size beside the largest. */
  readonly strength: number;
}

const SEPARATOR = '[SEP]';
const NO_SPACE_BEFORE = /^[.,!?;:)\]}%’'”…-]$/;

/** The text's pieces in order, without the separators around it. */
export function tintedPieces(tokens: readonly ExplainedToken[]): TintedPiece[] {
  const shown = tokens.filter(({ piece }) => piece !== SEPARATOR);
  const largest = Math.max(1e-9, ...shown.map(({ attribution }) => Math.abs(attribution)));
  return shown.map(({ piece, attribution }, i) => {
    const goesOn = piece.startsWith('##') && piece.length > 2;
    return {
      text: goesOn ? piece.slice(2) : piece,
      hasSpace: i > 0 && !goesOn && !NO_SPACE_BEFORE.test(piece),
      attribution,
      strength: Math.abs(attribution) / largest,
    };
  });
}

/** The pieces that speak most for the answer, and most against it; those that hardly count are left out. */
export function decisive(pieces: readonly TintedPiece[], count = 3) {
  const sorted = [...pieces].sort((a, b) => b.strength - a.strength).filter(({ strength }) => strength > 0.1);
  return {
    forIt: sorted.filter(({ attribution }) => attribution > 0).slice(0, count),
    against: sorted.filter(({ attribution }) => attribution < 0).slice(0, count),
  };
}

/** `+1.31` or `−0.20`, in nats. */
export function signed(attribution: number): string {
  return `${attribution < 0 ? '−' : '+'}${Math.abs(attribution).toFixed(2)}`;
}
