/**
 * The control beside a classifier: a bag of hashed words and word n-grams, embedded, averaged, and mapped to labels, as
 * fastText does (arXiv 1607.01759). No encoder, no pre-training; plain loops.
 */
import { Random } from '../random/random.ts';

/** Plain JSON. */
export interface BagRecipe {
  readonly seed: number;
  readonly epochs: number;
  /** Of the first step; falls linearly to 0. */
  readonly learningRate: number;
  /** Numbers a word or n-gram. */
  readonly size: number;
  /** Rows of the table that n-grams share by their hashes. */
  readonly buckets: number;
  /** Longest n-gram, in words. */
  readonly ngrams: number;
  readonly multiLabel: boolean;
}

export const BAG_RECIPE: BagRecipe = {
  seed: 1,
  epochs: 10,
  learningRate: 0.25,
  size: 32,
  buckets: 1 << 18,
  ngrams: 2,
  multiLabel: false,
};

export interface BagExample {
  readonly text: string;
  /** Positions of the right labels. */
  readonly labels: readonly number[];
}

/** Streams of draws under the recipe's seed. */
const VALUES_STREAM = 1;
const ORDER_STREAM = 2;

export class BagClassifier {
  readonly recipe: BagRecipe;
  readonly numLabels: number;
  /** (buckets, size) */
  readonly table: Float32Array;
  /** (K, size) */
  readonly weight: Float32Array;
  /** (K) */
  readonly bias: Float32Array;

  constructor(recipe: BagRecipe, numLabels: number) {
    this.recipe = recipe;
    this.numLabels = numLabels;
    const random = new Random(recipe.seed, VALUES_STREAM);
    this.table = Float32Array.from(
      { length: recipe.buckets * recipe.size },
      () => (2 * random.uniform() - 1) / recipe.size,
    );
    this.weight = new Float32Array(numLabels * recipe.size);
    this.bias = new Float32Array(numLabels);
  }

  /** Numbers that are learned. */
  get parameters(): number {
    return this.table.length + this.weight.length + this.bias.length;
  }

  /** (K) for one text. */
  logits(text: string): Float32Array {
    return this.#forward(bagOf(text, this.recipe)).logits;
  }

  /** Stochastic gradient descent, a text a step, in an order drawn anew every epoch; yields each epoch's mean loss. */
  *train(examples: readonly BagExample[]): Generator<number, void, void> {
    const { seed, epochs, learningRate } = this.recipe;
    const bags = examples.map(({ text }) => bagOf(text, this.recipe));
    const order = examples.map((_, i) => i);
    const steps = epochs * examples.length;
    let step = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      new Random(seed, ORDER_STREAM).fork(epoch).shuffle(order);
      let loss = 0;
      for (const i of order) {
        const rate = learningRate * (1 - step++ / steps);
        loss += this.#step(bags[i] as Int32Array, (examples[i] as BagExample).labels, rate);
      }
      yield loss / examples.length;
    }
  }

  #forward(bag: Int32Array) {
    const { size } = this.recipe;
    const mean = new Float32Array(size);
    for (const row of bag)
      for (let c = 0; c < size; c++) mean[c] = at(mean, c) + at(this.table, row * size + c) / bag.length;
    const logits = this.bias.map((bias, k) => {
      let sum = bias;
      for (let c = 0; c < size; c++) sum += at(this.weight, k * size + c) * at(mean, c);
      return sum;
    });
    return { mean, logits };
  }

  /** One step down the gradient; answers the loss before it. */
  #step(bag: Int32Array, labels: readonly number[], rate: number): number {
    const { size, multiLabel } = this.recipe;
    const { mean, logits } = this.#forward(bag);
    const probabilities = multiLabel ? logits.map((x) => 1 / (1 + Math.exp(-x))) : softmax(logits);
    let loss = 0;
    const back = new Float32Array(size);
    for (let k = 0; k < this.numLabels; k++) {
      const right = labels.includes(k);
      const p = at(probabilities, k);
      if (right) loss -= Math.log(Math.max(p, 1e-12));
      else if (multiLabel) loss -= Math.log(Math.max(1 - p, 1e-12));
      const slope = p - (right ? 1 : 0);
      this.bias[k] = at(this.bias, k) - rate * slope;
      for (let c = 0; c < size; c++) {
        back[c] = at(back, c) + slope * at(this.weight, k * size + c);
        this.weight[k * size + c] = at(this.weight, k * size + c) - rate * slope * at(mean, c);
      }
    }
    // As fastText: each row takes the whole gradient of the mean, not its share, so that long texts learn as fast.
    for (const row of bag) {
      for (let c = 0; c < size; c++) this.table[row * size + c] = at(this.table, row * size + c) - rate * at(back, c);
    }
    return loss;
  }
}

/** Rows of the table for a text: its lower-cased words and marks, and their n-grams; with one for "a text", never empty. */
export function bagOf(text: string, { ngrams, buckets }: Pick<BagRecipe, 'ngrams' | 'buckets'>): Int32Array {
  const words = ['\n', ...(text.toLowerCase().match(/[\p{L}\p{N}]+|[^\p{L}\p{N}\s]/gu) ?? [])];
  const rows: number[] = [];
  for (let n = 1; n <= ngrams; n++) {
    for (let i = 0; i + n <= words.length; i++) rows.push(hash(words.slice(i, i + n).join(' ')) % buckets);
  }
  return Int32Array.from(rows);
}

/** FNV-1a over UTF-16 units, 32 bits, unsigned. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

function softmax(logits: Float32Array): Float32Array {
  const max = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - max));
  const sum = powers.reduce((total, x) => total + x, 0);
  return powers.map((x) => x / sum);
}

function at(values: Float32Array, i: number): number {
  return values[i] as number;
}
