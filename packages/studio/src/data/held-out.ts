/** Which texts are kept from training: a seeded share, the same for the same texts, whatever their order. */
import { LowestKeys } from './lowest-keys.ts';
import { textKey } from './text-key.ts';

const SEED = 1;
/** More say no more about a model, and take their time. */
const MOST = 1000;
/** Under so many texts none can be spared. */
const LEAST_TEXTS = 5;

export const HELD_OUT_SHARE = { text: 0.05, labelled: 0.2 } as const;

export class HeldOutSplit<T> {
  readonly #lowest = new LowestKeys<T>(MOST);
  readonly #share: number;
  #count = 0;

  constructor(share: number) {
    this.#share = share;
  }

  /** Takes a text's row; gives one back that is for training. */
  add(text: string, row: T): T | undefined {
    this.#count++;
    return this.#lowest.add(textKey(text, SEED), row);
  }

  /** At the end: the held-out rows, and those that are for training after all. */
  end(): { readonly heldOut: readonly T[]; readonly train: readonly T[] } {
    const count = this.#count < LEAST_TEXTS ? 0 : Math.max(1, Math.min(MOST, Math.round(this.#count * this.#share)));
    const { low, high } = this.#lowest.divided(count);
    return { heldOut: low, train: high };
  }
}
