/**
 * The one source of randomness: Threefry-2x32 with 20 rounds, a counter-based generator, so that any draw can be found
 * again from (key, counter) and a resumed run goes on with the same bits. Source: Salmon et al., SC 2011.
 */

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** The two 32-bit words (unsigned) for a key and a counter. */
export function threefry2x32(key0: number, key1: number, counter0: number, counter1: number): [number, number] {
  const keys = [key0 | 0, key1 | 0, (key0 ^ key1 ^ 0x1bd11bda) | 0] as const;
  let x = (counter0 + keys[0]) | 0;
  let y = (counter1 + keys[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (let i = 0; i < 4; i++) {
      const r = ROTATIONS[(group % 2) * 4 + i] as number;
      x = (x + y) | 0;
      y = ((y << r) | (y >>> (32 - r))) ^ x;
    }
    x = (x + (keys[(group + 1) % 3] as number)) | 0;
    y = (y + (keys[(group + 2) % 3] as number) + group + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}

export interface RandomState {
  readonly key: readonly [number, number];
  readonly counter: number;
}

/** A stream of draws. Two streams with different names (`stream`) under one seed are independent. */
export class Random {
  readonly key: readonly [number, number];
  #counter: number;

  constructor(seed: number, stream = 0, counter = 0) {
    this.key = [seed >>> 0, stream >>> 0];
    this.#counter = counter;
  }

  static from(state: RandomState): Random {
    return new Random(state.key[0], state.key[1], state.counter);
  }

  /** Enough to go on from here: `Random.from(random.state)`. */
  get state(): RandomState {
    return { key: this.key, counter: this.#counter };
  }

  /** Uniform on the integers [0, 2³²). One counter step a draw, so that a state is two words and a count. */
  word(): number {
    const at = this.#counter++;
    return threefry2x32(this.key[0], this.key[1], at >>> 0, Math.floor(at / 0x1_0000_0000))[0];
  }

  /** Uniform on [0, 1). */
  uniform(): number {
    return this.word() / 0x1_0000_0000;
  }

  /** Uniform on the integers [0, n). */
  integer(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Standard normal, by Box–Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Fisher–Yates, in place. */
  shuffle<T>(items: { [index: number]: T; length: number }): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = items[i] as T;
      items[i] = items[j] as T;
      items[j] = kept;
    }
  }

  /** An independent stream, e.g. one for masking and one for dropout. */
  fork(stream: number): Random {
    const [a, b] = threefry2x32(this.key[0], this.key[1], stream >>> 0, 0x6c61_6375);
    return new Random(a, b);
  }
}
