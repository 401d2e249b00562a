/** Which texts stand in others: so that none of what a model is scored on is among what it learned. */

/** So many words in a row are no chance: the length at which language models' test sets are cleaned. */
const RUN = 8;

/** Texts by their runs of eight words, letters and digits alone, lower-cased; shorter ones as a whole. */
export class Overlap {
  readonly #runs = new Set<string>();
  readonly #short = new Set<string>();

  add(text: string): void {
    const words = wordsOf(text);
    if (words.length < RUN) this.#short.add(words.join(' '));
    for (const run of runsOf(words)) this.#runs.add(run);
  }

  /** Whether `text` has eight words in a row of any of them, or is one that is shorter. */
  holds(text: string): boolean {
    const words = wordsOf(text);
    return words.length < RUN ? this.#short.has(words.join(' ')) : runsOf(words).some((run) => this.#runs.has(run));
  }
}

function wordsOf(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

function runsOf(words: readonly string[]): string[] {
  return Array.from({ length: Math.max(0, words.length - RUN + 1) }, (_, i) => words.slice(i, i + RUN).join(' '));
}
