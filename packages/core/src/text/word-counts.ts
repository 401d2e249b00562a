/** How often each word occurs in a stream of lines, in bounded memory: first half of training a tokenizer. */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { SPECIAL_TOKENS } from '../model/config.ts';
import { tokenizerJson } from './tokenizer-json.ts';
import { detachedSlice, visitWords } from './words.ts';

/** Different stretches kept while counting, default. */
export const MAX_DISTINCT_WORDS = 1_000_000;

/**
 * Counts stretches of raw text first (a scan and a look-up each) and normalises each different one once at the end.
 * When the table is full, the rarest go: their later occurrences count from nought again, so that counts near the
 * floor are lower bounds; words frequent enough to shape a vocabulary are not touched.
 */
export class WordCounts {
  readonly #maxDistinct: number;
  #plain = new Map<string, { count: number }>();
  #mixed = new Map<string, { count: number }>();
  #floor = 0;
  /** Stretches seen, so roughly words. */
  seen = 0;

  constructor(maxDistinct = MAX_DISTINCT_WORDS) {
    this.#maxDistinct = maxDistinct;
  }

  add(text: string): void {
    visitWords(text, (start, end, plain) => {
      this.seen++;
      const table = plain ? this.#plain : this.#mixed;
      const entry = table.get(text.slice(start, end));
      if (entry !== undefined) entry.count++;
      else table.set(detachedSlice(text, start, end), { count: 1 });
    });
    if (this.#plain.size + this.#mixed.size > this.#maxDistinct) this.#prune();
  }

  #prune(): void {
    while (this.#plain.size + this.#mixed.size > this.#maxDistinct / 2) {
      this.#floor++;
      for (const table of [this.#plain, this.#mixed]) {
        for (const [word, entry] of table) if (entry.count <= this.#floor) table.delete(word);
      }
    }
  }

  /** Normalised words and their counts, in no particular order. Special tokens in the text are left out. */
  words(): Map<string, number> {
    const counts = new Map<string, number>();
    const add = (word: string, count: number): void => {
      counts.set(word, (counts.get(word) ?? 0) + count);
    };
    const splitStretch = librarySplitter();
    for (const [word, { count }] of this.#plain) add(word.toLowerCase(), count);
    for (const [stretch, { count }] of this.#mixed) for (const word of splitStretch(stretch)) add(word, count);
    return counts;
  }
}

const SPECIAL = /\[(?:PAD|UNK|CLS|SEP|MASK)\]/;

/** The library's own normaliser and pre-tokenizer as one function, so that counting and encoding cannot disagree. */
function librarySplitter(): (stretch: string) => string[] {
  const { normalizer, pre_tokenizer: preTokenizer } = new Library(tokenizerJson(SPECIAL_TOKENS), {});
  return (stretch) =>
    stretch.split(SPECIAL).flatMap((section) => {
      const text = normalizer?.normalize(section) ?? section;
      return preTokenizer?.pre_tokenize(text) ?? [text];
    });
}
