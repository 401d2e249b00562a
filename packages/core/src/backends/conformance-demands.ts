/** What a backend must meet in the conformance suite. Tests only. */
import { expect } from 'vitest';

export interface Demands {
  /** The largest difference from the reference, relative to the largest value, … */
  readonly tolerance: number;
  /** … and that of ops by the names of their cases, where it is another. */
  readonly tolerances?: Readonly<Record<string, number>>;
  /** Draws a case; 12 by default. */
  readonly rounds?: number;
  /** Pieces of the vocabulary whose logits must not fit one chunk; by default so many that no chunk holds 8 rows. */
  readonly pieces?: number;
}

export function demandsOf({ tolerance, tolerances = {}, rounds = 12, pieces = 180_001 }: Demands) {
  const allowed = (name: string) => tolerances[name] ?? tolerance;
  /** Matches a distance that the op of this name may have. */
  const near = (name: string): unknown => expect.closeTo(0, -Math.log10(2 * allowed(name)));
  return { rounds, pieces, near };
}
