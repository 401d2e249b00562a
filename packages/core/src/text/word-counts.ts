/** How often each word occurs in a stream of lines, in bounded memory: first half of training a tokenizer. */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { SPECIAL_TOKENS } from '../model/config.ts';
import { MAX_WORD_LENGTH, tokenizerJson } from './tokenizer-json.ts';
import { detachedSlice, visitWords } from './words.ts';

/** Different stretches kept while counting, default. */
export const MAX_DISTINCT_WORDS = 1_000_000;
/** Longer stretches are not kept as they stand, in UTF-16 units. */
const MAX_STRETCH = MAX_WORD_LENGTH;
/** UTF-16 units kept a different stretch, on average: several times what any language's words take. */
const UNITS_A_STRETCH = 32;

/**
 * Counts stretches of raw text first (a scan and a look-up each) and normalises each different one once at the end.
 * When the table is full, the rarest go: their later occurrences count from nought again, so that counts near the
 * floor are lower bounds; words frequent enough to shape a vocabulary are not touched. Full is a number of stretches and
 * a size: a text of chains without a space must not take memory without end.
 */
export class WordCounts {
  readonly #maxDistinct: number;
  #plain = new Map<string, { count: number }>();
  #mixed = new Map<string, { count: number }>();
  #units = 0;
  #floor = 0;
  readonly #splitStretch = librarySplitter();
  /** Stretches seen, so roughly words. */
  seen = 0;

  constructor(maxDistinct = MAX_DISTINCT_WORDS) {
    this.#maxDistinct = maxDistinct;
  }

  add(text: string): void {
    visitWords(text, (start, end, plain) => {
      this.seen++;
      if (end - start <= MAX_STRETCH) this.#count(plain ? this.#plain : this.#mixed, text, start, end);
      // A longer plain word is [UNK] whatever the vocabulary; a longer stretch may hold words, of Chinese for one.
      else if (!plain) this.#countApart(text.slice(start, end));
    });
    if (this.#isOver(1)) this.#prune();
  }

  #count(table: Map<string, { count: number }>, text: string, start: number, end: number): void {
    const entry = table.get(text.slice(start, end));
    if (entry !== undefined) entry.count++;
    else {
      table.set(detachedSlice(text, start, end), { count: 1 });
      this.#units += end - start;
    }
  }

  /** What normalising has made of a stretch needs no more than plain words do. */
  #countApart(stretch: string): void {
    for (const word of this.#splitStretch(stretch)) {
      if (word.length <= MAX_STRETCH) this.#count(this.#plain, word, 0, word.length);
    }
  }

  #isOver(share: number): boolean {
    const most = share * this.#maxDistinct;
    return this.#plain.size + this.#mixed.size > most || this.#units > UNITS_A_STRETCH * most;
  }

  #prune(): void {
    while (this.#isOver(1 / 2)) {
      this.#floor++;
      for (const table of [this.#plain, this.#mixed]) {
        for (const [word, entry] of table) {
          if (entry.count > this.#floor) continue;
          table.delete(word);
          this.#units -= word.length;
        }
      }
    }
  }

  /** Normalised words and their counts, in no particular order. Special tokens in the text are left out. */
  words(): Map<string, number> {
    const counts = new Map<string, number>();
    const add = (word: string, count: number): void => {
      counts.set(word, (counts.get(word) ?? 0) + count);
    };
    for (const [word, { count }] of this.#plain) add(word.toLowerCase(), count);
    for (const [stretch, { count }] of this.#mixed) for (const word of this.#splitStretch(stretch)) add(word, count);
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
