/** Cosines and sines for rotary positions: one table a head size and base, grown when a later position comes. */
import type { Arena } from './arena.ts';

const FIRST_POSITIONS = 512;

/** `at(…)` gives the table's offset: (positions, D) rows of D/2 cosines and D/2 sines. */
export class RotaryTables {
  readonly #tables = new Map<string, { at: number; positions: number }>();
  readonly #arena: Arena;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  at(headSize: number, theta: number, positions: Int32Array): number {
    let last = 0;
    for (let i = 0; i < positions.length; i++) last = Math.max(last, positions[i] as number);
    const key = `${headSize} ${theta}`;
    const known = this.#tables.get(key);
    if (known && last < known.positions) return known.at;
    let count = FIRST_POSITIONS;
    while (count <= last) count *= 2;
    const at = this.#arena.allocatePersistent(4 * count * headSize);
    const table = this.#arena.floats(at, count * headSize);
    const half = headSize / 2;
    for (let i = 0; i < half; i++) {
      const frequency = theta ** ((-2 * i) / headSize);
      for (let t = 0; t < count; t++) {
        table[t * headSize + i] = Math.cos(t * frequency);
        table[t * headSize + half + i] = Math.sin(t * frequency);
      }
    }
    this.#tables.set(key, { at, positions: count });
    return at;
  }
}
