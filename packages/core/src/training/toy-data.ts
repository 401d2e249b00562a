/** Small data whose rules are known, for the tests of training: sequences that count up, and texts named by a token. */
import type { ModelConfig } from '../model/config.ts';
import { Random, type RandomState } from '../random/random.ts';
import type { Vocabulary, Windows } from './masked-batches.ts';
import type { EncodedExample } from './text-batches.ts';

export const TOY_CONFIG: ModelConfig = {
  objective: 'mae',
  vocabSize: 24,
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 24,
  numDecoderLayers: 1,
  decoderQueries: 'seeded',
  maxPositionEmbeddings: 64,
  ropeTheta: 10_000,
  normEps: 1e-6,
  padTokenId: 0,
  sepTokenId: 3,
  maskTokenId: 4,
};

export const TOY_VOCABULARY: Vocabulary = { isSpecial: (id) => id < 5, isContinuation: () => false };

/** Windows in which every token is the one before plus 1, from a random start: a gap follows from its neighbours. */
export class CountingWindows implements Windows {
  readonly #random: Random;

  constructor(seed: number, state?: unknown) {
    this.#random = state ? Random.from(state as RandomState) : new Random(seed);
  }

  get state(): RandomState {
    return this.#random.state;
  }

  async next(count: number, length: number): Promise<Int32Array> {
    const kinds = TOY_CONFIG.vocabSize - 5;
    const ids = new Int32Array(count * length);
    for (let row = 0; row < count; row++) {
      const start = this.#random.integer(kinds);
      for (let t = 0; t < length; t++) ids[row * length + t] = 5 + ((start + t) % kinds);
    }
    return ids;
  }
}

/** Texts of noise in which one token, of two, says the label. */
export function namedTexts(count: number, seed: number): EncodedExample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const label = random.integer(2);
    const ids = Int32Array.from({ length: 3 + random.integer(6) }, () => 7 + random.integer(10));
    ids[random.integer(ids.length)] = 5 + label;
    return { ids, targets: Float32Array.of(1 - label, label) };
  });
}
