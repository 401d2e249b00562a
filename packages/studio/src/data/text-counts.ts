/** What is counted of texts as they stream by. */
import type { DataStatistics } from '../project.ts';
import { LowestKeys } from './lowest-keys.ts';
import { textKey } from './text-key.ts';

/** Texts whose tokens are counted. */
const SAMPLE = 2000;
/** Different texts that are told apart; beyond, duplicates count as new. */
const MOST_DISTINCT = 2_000_000;
const SEED = 2;

export class TextCounts {
  texts = 0;
  words = 0;
  characters = 0;
  duplicates = 0;
  empty = 0;
  readonly #seen = new Set<number>();
  readonly #sample = new LowestKeys<string>(SAMPLE);
  readonly #labels = new Map<string, number>();

  addEmpty(): void {
    this.empty++;
  }

  add(text: string, label?: string): void {
    const key = textKey(text, SEED);
    this.texts++;
    this.characters += text.length;
    this.words += wordsOf(text);
    if (this.#seen.has(key)) this.duplicates++;
    else if (this.#seen.size < MOST_DISTINCT) this.#seen.add(key);
    this.#sample.add(key, text);
    if (label !== undefined) this.#labels.set(label, (this.#labels.get(label) ?? 0) + 1);
  }

  /** A sample of the texts, for what would take too long on all. */
  sample(): readonly string[] {
    const { low, high } = this.#sample.divided(0);
    return [...low, ...high];
  }

  /** With the lengths of the sample's texts in tokens. */
  statistics(lengths: readonly number[]): DataStatistics {
    const { texts, words, characters, duplicates, empty } = this;
    const labels = [...this.#labels].map(([label, count]) => ({ label, count }));
    labels.sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
    return { texts, words, characters, duplicates, empty, lengths: histogram(lengths), labels };
  }
}

/** Stretches between white space. */
export function wordsOf(text: string): number {
  let words = 0;
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isSpace = unit === 32 || (unit >= 9 && unit <= 13) || unit === 0xa0;
    if (!isSpace && !inside) words++;
    inside = !isSpace;
  }
  return words;
}

/** By powers of two, from the first that has texts to the last. */
export function histogram(lengths: readonly number[]): DataStatistics['lengths'] {
  const bins = new Map<number, number>();
  for (const length of lengths) {
    const from = length < 1 ? 1 : 2 ** Math.floor(Math.log2(length));
    bins.set(from, (bins.get(from) ?? 0) + 1);
  }
  if (bins.size === 0) return [];
  const [first, last] = [Math.min(...bins.keys()), Math.max(...bins.keys())];
  const filled = [];
  for (let from = first; from <= last; from *= 2) filled.push({ from, count: bins.get(from) ?? 0 });
  return filled;
}
