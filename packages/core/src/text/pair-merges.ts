/**
 * Merges the most frequent pair of neighbouring pieces, over and over, with counts kept up to date: second half of
 * training a tokenizer. Source: Sennrich et al., arXiv 1508.07909, on pieces written as WordPiece writes them.
 */
import { CONTINUATION_PREFIX } from './tokenizer-json.ts';

/** Pairs seen less often are not merged. */
const LEAST_PAIR_COUNT = 2;

/** Pieces by id, and the words as sequences of them. */
export class PairMerges {
  readonly pieces: string[];
  readonly #ids = new Map<string, number>();
  /** Word w is symbols[starts[w] … starts[w] + lengths[w]). */
  readonly #symbols: Int32Array;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #weights: Float64Array;
  /** Pair p is (lefts[p], rights[p]), found by key; its words may be stale and repeat. */
  readonly #pairs = new Map<number, number>();
  readonly #lefts: number[] = [];
  readonly #rights: number[] = [];
  readonly #counts: number[] = [];
  readonly #words: number[][] = [];
  /** A heap of (count, pair), best first; counts in it may be stale. */
  readonly #heap: number[] = [];
  readonly #heapCounts: number[] = [];
  #grown = new Set<number>();
  /** Pair (a, b) has the key a · stride + b. Up to 32,768 pieces keys are small integers, which maps find fastest. */
  readonly #stride: number;

  /** `pieces` holds the special tokens and the alphabet; words with other characters are left out. */
  constructor(pieces: readonly string[], words: ReadonlyMap<string, number>, vocabSize: number) {
    this.#stride = vocabSize <= 1 << 15 ? 1 << 15 : 2 ** 26;
    this.pieces = [...pieces];
    for (const [id, piece] of pieces.entries()) this.#ids.set(piece, id);
    const symbols: number[] = [];
    const starts: number[] = [];
    const weights: number[] = [];
    for (const [word, count] of words) {
      const start = symbols.length;
      for (const character of word) {
        const piece = symbols.length === start ? character : CONTINUATION_PREFIX + character;
        const id = this.#ids.get(piece);
        if (id === undefined) {
          symbols.length = start;
          break;
        }
        symbols.push(id);
      }
      if (symbols.length < start + 2) symbols.length = start;
      else {
        starts.push(start);
        weights.push(count);
      }
    }
    this.#symbols = Int32Array.from(symbols);
    this.#starts = Int32Array.from(starts);
    this.#lengths = Int32Array.from(starts, (start, w) => (starts[w + 1] ?? symbols.length) - start);
    this.#weights = Float64Array.from(weights);
    for (let w = 0; w < starts.length; w++) {
      const end = (this.#starts[w] as number) + (this.#lengths[w] as number);
      for (let i = (this.#starts[w] as number) + 1; i < end; i++) {
        this.#change(this.#symbols[i - 1] as number, this.#symbols[i] as number, this.#weights[w] as number, w);
      }
    }
    this.#pushGrown();
  }

  /** Merges the best pair. Returns false when no pair is left that occurs twice. */
  merge(): boolean {
    const pair = this.#pop();
    if (pair === undefined) return false;
    const left = this.#lefts[pair] as number;
    const right = this.#rights[pair] as number;
    const piece = `${this.pieces[left]}${(this.pieces[right] as string).slice(CONTINUATION_PREFIX.length)}`;
    // Two pairs can spell one piece, e.g. a + ##bc and ab + ##c.
    let merged = this.#ids.get(piece);
    if (merged === undefined) {
      merged = this.pieces.push(piece) - 1;
      this.#ids.set(piece, merged);
    }
    const words = this.#words[pair] as number[];
    this.#words[pair] = [];
    for (const w of words) this.#mergeInWord(w, left, right, merged);
    this.#pushGrown();
    return true;
  }

  #mergeInWord(w: number, left: number, right: number, merged: number): void {
    const symbols = this.#symbols;
    const start = this.#starts[w] as number;
    const end = start + (this.#lengths[w] as number);
    const weight = this.#weights[w] as number;
    let write = start;
    for (let read = start; read < end; read++) {
      const symbol = symbols[read] as number;
      if (symbol !== left || read + 1 >= end || symbols[read + 1] !== right) {
        symbols[write++] = symbol;
        continue;
      }
      this.#change(left, right, -weight, w);
      if (write > start) {
        const before = symbols[write - 1] as number;
        this.#change(before, left, -weight, w);
        this.#change(before, merged, weight, w);
      }
      if (read + 2 < end) {
        const after = symbols[read + 2] as number;
        this.#change(right, after, -weight, w);
        this.#change(merged, after, weight, w);
      }
      symbols[write++] = merged;
      read++;
    }
    this.#lengths[w] = write - start;
  }

  #change(left: number, right: number, by: number, word: number): void {
    const key = left * this.#stride + right;
    const pair = this.#pairs.get(key);
    if (pair !== undefined) {
      this.#counts[pair] = (this.#counts[pair] as number) + by;
      if (by > 0) {
        const words = this.#words[pair] as number[];
        if (words.at(-1) !== word) words.push(word);
        this.#grown.add(pair);
      }
      return;
    }
    const added = this.#counts.push(by) - 1;
    this.#pairs.set(key, added);
    this.#lefts.push(left);
    this.#rights.push(right);
    this.#words.push([word]);
    this.#grown.add(added);
  }

  /** More frequent first, then the older pieces: the order does not depend on that of the words. */
  #isBefore(pairA: number, countA: number, pairB: number, countB: number): boolean {
    if (countA !== countB) return countA > countB;
    const byLeft = (this.#lefts[pairA] as number) - (this.#lefts[pairB] as number);
    return byLeft !== 0 ? byLeft < 0 : (this.#rights[pairA] as number) < (this.#rights[pairB] as number);
  }

  #pushGrown(): void {
    for (const pair of this.#grown) {
      if ((this.#counts[pair] as number) >= LEAST_PAIR_COUNT) this.#push(pair);
    }
    this.#grown = new Set();
  }

  #push(pair: number): void {
    const heap = this.#heap;
    const counts = this.#heapCounts;
    const count = this.#counts[pair] as number;
    let at = heap.push(pair) - 1;
    counts.push(count);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(pair, count, heap[parent] as number, counts[parent] as number)) break;
      heap[at] = heap[parent] as number;
      counts[at] = counts[parent] as number;
      at = parent;
    }
    heap[at] = pair;
    counts[at] = count;
  }

  /** The best pair whose count in the heap is its count now; stale ones go back with their new count. */
  #pop(): number | undefined {
    const heap = this.#heap;
    const counts = this.#heapCounts;
    while (heap.length > 0) {
      const best = heap[0] as number;
      const bestCount = counts[0] as number;
      const pair = heap.pop() as number;
      const count = counts.pop() as number;
      const size = heap.length;
      if (size > 0) {
        let at = 0;
        for (;;) {
          let child = 2 * at + 1;
          if (child >= size) break;
          if (
            child + 1 < size &&
            this.#isBefore(
              heap[child + 1] as number,
              counts[child + 1] as number,
              heap[child] as number,
              counts[child] as number,
            )
          ) {
            child++;
          }
          if (!this.#isBefore(heap[child] as number, counts[child] as number, pair, count)) break;
          heap[at] = heap[child] as number;
          counts[at] = counts[child] as number;
          at = child;
        }
        heap[at] = pair;
        counts[at] = count;
      }
      const now = this.#counts[best] as number;
      if (now === bestCount) return best;
      if (now >= LEAST_PAIR_COUNT) this.#push(best);
    }
    return undefined;
  }
}
