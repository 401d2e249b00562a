/** The items with the lowest keys of a stream, in bounded memory: a sample that no order of the stream changes. */

export interface Keyed<T> {
  readonly key: number;
  readonly item: T;
}

export class LowestKeys<T> {
  readonly #most: number;
  /** By key, ascending; of equal keys the first that came. */
  readonly #kept: Keyed<T>[] = [];
  #lowestLeftOut = Number.POSITIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes the item, and gives back the one that has no place any more, which may be this one. */
  add(key: number, item: T): T | undefined {
    const kept = this.#kept;
    const last = kept[kept.length - 1];
    if (kept.length === this.#most && last !== undefined && key >= last.key) return this.#leaveOut({ key, item });
    let [low, high] = [0, kept.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((kept[middle] as Keyed<T>).key <= key) low = middle + 1;
      else high = middle;
    }
    kept.splice(low, 0, { key, item });
    return kept.length > this.#most ? this.#leaveOut(kept.pop() as Keyed<T>) : undefined;
  }

  #leaveOut({ key, item }: Keyed<T>): T {
    this.#lowestLeftOut = Math.min(this.#lowestLeftOut, key);
    return item;
  }

  /** Those with the lowest keys, about `count`: equal keys stay together. And the rest of what is kept. */
  divided(count: number): { readonly low: readonly T[]; readonly high: readonly T[] } {
    const kept = this.#kept;
    let end = Math.min(count, kept.length);
    while (end > 0 && end < kept.length && kept[end]?.key === kept[end - 1]?.key) end++;
    while (end > 0 && (kept[end - 1] as Keyed<T>).key >= this.#lowestLeftOut) end--;
    const items = kept.map(({ item }) => item);
    return { low: items.slice(0, end), high: items.slice(end) };
  }
}
