/** Labelled texts as batches: encoded once, then bucketed by length and shuffled anew every epoch. */
import { LacunaError } from '../errors.ts';
import type { TextBatch } from '../model/batch.ts';
import { Random } from '../random/random.ts';
import type { BatchSource, Prepared } from './batches.ts';
import { type Json, STREAMS } from './state.ts';

/** A text as ids and what it should be answered with. */
export interface EncodedExample {
  readonly ids: Int32Array;
  /** (K): one-hot, 0/1 a label, or a teacher's probabilities. */
  readonly targets: Float32Array;
  /** Original positions of the ids, where some were removed. */
  readonly positions?: Int32Array;
  /** Whether the text was longer and lost its end. */
  readonly truncated?: boolean;
}

/** What encoding needs of a tokenizer. */
export interface TextEncoder {
  readonly sepId: number;
  encode(text: string): Int32Array;
}

/** `[SEP] tokens [SEP]` in at most `maxLength` ids: a longer text loses its end and is `truncated`. */
export function encodeText(
  tokenizer: TextEncoder,
  text: string,
  maxLength: number,
): { readonly ids: Int32Array; readonly truncated: boolean } {
  const all = tokenizer.encode(text);
  const tokens = all.subarray(0, maxLength - 2);
  const ids = new Int32Array(tokens.length + 2).fill(tokenizer.sepId);
  ids.set(tokens, 1);
  return { ids, truncated: tokens.length < all.length };
}

/** Encodes examples whose labels are indices below `numLabels`, or given as `numLabels` probabilities. Throws `unknown_label`. */
export function encodeExamples(
  tokenizer: TextEncoder,
  examples: Iterable<{
    readonly text: string;
    readonly labels: readonly number[];
    readonly probabilities?: Float32Array;
  }>,
  numLabels: number,
  maxLength: number,
): EncodedExample[] {
  const encoded: EncodedExample[] = [];
  for (const { text, labels, probabilities } of examples) {
    if (probabilities) {
      encoded.push({ ...encodeText(tokenizer, text, maxLength), targets: probabilities });
      continue;
    }
    const targets = new Float32Array(numLabels);
    for (const label of labels) {
      if (!Number.isInteger(label) || label < 0 || label >= numLabels) {
        throw new LacunaError(
          'unknown_label',
          `finetune: label must be below ${numLabels}, got ${label} in example ${encoded.length}.`,
          { label, numLabels, example: encoded.length },
        );
      }
      targets[label] = 1;
    }
    encoded.push({ ...encodeText(tokenizer, text, maxLength), targets });
  }
  return encoded;
}

/** Right-pads the examples to the longest of them. */
export function textBatch(examples: readonly EncodedExample[], padId: number): TextBatch {
  const batchSize = examples.length;
  const lengths = Int32Array.from(examples, ({ ids }) => ids.length);
  const length = lengths.reduce((longest, n) => Math.max(longest, n), 1);
  const inputIds = new Int32Array(batchSize * length).fill(padId);
  const numLabels = examples[0]?.targets.length ?? 0;
  const targets = new Float32Array(batchSize * numLabels);
  examples.forEach((example, b) => {
    inputIds.set(example.ids, b * length);
    targets.set(example.targets, b * numLabels);
  });
  if (!examples.some(({ positions }) => positions)) {
    return { kind: 'text', batchSize, length, inputIds, lengths, targets };
  }
  const positions = Int32Array.from(inputIds, (_, i) => i % length);
  examples.forEach((example, b) => {
    if (example.positions) positions.set(example.positions, b * length);
  });
  return { kind: 'text', batchSize, length, inputIds, lengths, positions, targets };
}

/**
 * The example without some of its tokens, each removed with probability `ratio`; those that are left keep their
 * positions, as in pre-training. The separators at both ends stay, and of the tokens between them one.
 */
export function withTokensRemoved(example: EncodedExample, ratio: number, random: Random): EncodedExample {
  const last = example.ids.length - 1;
  const stays = Array.from(example.ids, (_, at) => at === 0 || at === last || random.uniform() >= ratio);
  if (last > 1 && stays.indexOf(true, 1) === last) stays[1 + Math.floor(random.uniform() * (last - 1))] = true;
  const positions = Int32Array.from([...stays.keys()].filter((at) => stays[at]));
  return { ...example, ids: positions.map((at) => example.ids[at] as number), positions };
}

/** Every example once, neighbours of like length: for evaluation. */
export function orderedTextBatches(examples: readonly EncodedExample[], batchSize: number, padId: number): TextBatch[] {
  const order = examples.map((_, i) => i).sort((a, b) => lengthOf(examples, a) - lengthOf(examples, b) || a - b);
  return chunks(order, batchSize).map((rows) => textBatch(pick(examples, rows), padId));
}

export interface TextBatchOptions {
  readonly batchSize: number;
  readonly epochs: number;
  readonly seed: number;
  readonly padId: number;
  /** Share of a text's tokens that are removed whenever it is its turn; 0 without. */
  readonly ratio?: number;
}

/** Batches of one epoch are drawn within pools of this many batches, so that each holds texts of like length. */
const POOL = 32;

/** Plain JSON; runs begun before the number of examples was kept do not have it. */
interface TextBatchState {
  readonly batches: number;
  readonly examples?: number;
}

/** Shuffled batches for a number of epochs. The order follows from the seed, the epoch and the examples alone. */
export class TextBatches implements BatchSource {
  readonly perEpoch: number;
  readonly #examples: readonly EncodedExample[];
  readonly #options: TextBatchOptions;
  #done: number;
  #epoch = -1;
  #order: number[][] = [];

  /** Throws `malformed_data` for no examples, `checkpoint_mismatch` for a state of more or fewer. */
  constructor(examples: readonly EncodedExample[], options: TextBatchOptions, state?: Json) {
    if (examples.length === 0) throw new LacunaError('malformed_data', 'finetune: no examples to learn from.');
    this.#examples = examples;
    this.#options = options;
    const stored = state as unknown as TextBatchState | undefined;
    const expected = stored?.examples ?? examples.length;
    if (examples.length !== expected) {
      throw new LacunaError(
        'checkpoint_mismatch',
        `finetune: expected the ${expected} examples of the run, got ${examples.length}. Was the data changed? A run goes on with its own.`,
        { expected, got: examples.length },
      );
    }
    this.#done = stored?.batches ?? 0;
    this.perEpoch = Math.ceil(examples.length / options.batchSize);
  }

  get state(): Json {
    return { batches: this.#done, examples: this.#examples.length };
  }

  async next(): Promise<Prepared | undefined> {
    const epoch = Math.floor(this.#done / this.perEpoch);
    if (epoch >= this.#options.epochs) return undefined;
    if (epoch !== this.#epoch) {
      this.#order = this.#shuffled(epoch);
      this.#epoch = epoch;
    }
    const rows = this.#order[this.#done % this.perEpoch] as number[];
    const { ratio = 0, seed, padId } = this.#options;
    const random = new Random(seed, STREAMS.masking).fork(this.#done);
    const examples = pick(this.#examples, rows);
    this.#done++;
    const left = ratio === 0 ? examples : examples.map((example) => withTokensRemoved(example, ratio, random));
    return { batch: textBatch(left, padId), state: this.state };
  }

  #shuffled(epoch: number): number[][] {
    const { seed, batchSize } = this.#options;
    const random = new Random(seed, STREAMS.shuffling).fork(epoch);
    const order = this.#examples.map((_, i) => i);
    random.shuffle(order);
    const pools = chunks(order, POOL * batchSize).map((pool) =>
      pool.sort((a, b) => lengthOf(this.#examples, a) - lengthOf(this.#examples, b) || a - b),
    );
    const batches = pools.flatMap((pool) => chunks(pool, batchSize));
    random.shuffle(batches);
    return batches;
  }
}

function lengthOf(examples: readonly EncodedExample[], i: number): number {
  return (examples[i] as EncodedExample).ids.length;
}

function pick(examples: readonly EncodedExample[], rows: readonly number[]): EncodedExample[] {
  return rows.map((i) => examples[i] as EncodedExample);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
