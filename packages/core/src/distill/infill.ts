/** Variants of a text for task distillation: some tokens are removed and a pre-trained model fills the gaps anew. */

import { vocabularyHead } from '../losses/masked.ts';
import { maskWindows } from '../masking/masking.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Random } from '../random/random.ts';
import type { Params } from '../tensor/tensor.ts';
import { type Vocabulary, vocabularyMasking } from '../training/masked-batches.ts';
import { Pauses } from '../training/pauses.ts';
import type { EncodedExample } from '../training/text-batches.ts';

export interface InfillOptions {
  /** Variants a text. */
  readonly variants: number;
  /** Share of tokens removed in each; 0.25 by default. */
  readonly ratio?: number;
  /** A gap is drawn from the model's most probable pieces, this many; 10 by default. */
  readonly topK?: number;
  /** Flattens (> 1) or sharpens (< 1) what is drawn from; 1 by default. */
  readonly temperature?: number;
  readonly signal?: AbortSignal;
  /** Told how many texts have their variants. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A pre-trained model in a backend. */
export interface Infiller {
  readonly config: ModelConfig;
  readonly params: Params;
  readonly vocabulary: Vocabulary;
}

/** Texts of one length that are refilled in one pass: enough rows for the kernels, and few between two looks at the signal. */
const TEXTS_A_PASS = 32;

/**
 * `variants` new texts for every one of `examples`, with the same targets (a teacher relabels them), text by text in the
 * order that was given. Gaps are drawn independently of each other. Texts of fewer than 4 tokens come back as they are.
 * Throws `aborted`.
 */
export async function infill(
  ops: Ops,
  { config, params, vocabulary }: Infiller,
  examples: readonly EncodedExample[],
  { variants, ratio = 0.25, topK = 10, temperature = 1, signal, onProgress }: InfillOptions,
  random: Random,
): Promise<EncodedExample[]> {
  const masking = { ratio, spans: [1, 2] as const, ...vocabularyMasking(vocabulary) };
  const made = examples.flatMap((example) => new Array<EncodedExample>(variants).fill(example));
  const pauses = new Pauses();
  let done = 0;
  for (const group of groupsOfOneLength(examples)) {
    await pauses.take(signal);
    const { length } = (examples[group[0] as number] as EncodedExample).ids;
    if (length >= 4) {
      const rows = group.flatMap((i) => Array.from({ length: variants }, (_, v) => i * variants + v));
      const ids = new Int32Array(rows.length * length);
      for (const [row, at] of rows.entries()) ids.set((made[at] as EncodedExample).ids, row * length);
      await refill(ids, rows.length, length);
      for (const [row, at] of rows.entries()) {
        const { targets } = made[at] as EncodedExample;
        made[at] = { ids: ids.slice(row * length, (row + 1) * length), targets };
      }
    }
    done += group.length;
    onProgress?.(done, examples.length);
  }
  return made;

  /** Draws gaps and what fills them in `ids` (rows · length), in place. */
  async function refill(ids: Int32Array, rows: number, length: number): Promise<void> {
    const batch = maskWindows(ids, rows, length, masking, random);
    const { indices, probabilities } = await ops.scope(async () => {
      const { table, bias } = vocabularyHead(params);
      const top = ops.topTargets(gapStates(ops, params, config, batch).gaps, table, bias, topK, temperature);
      return { indices: await ops.read(top.indices), probabilities: await ops.read(top.probabilities) };
    });
    const gaps = rows * batch.gapLength;
    const K = indices.length / gaps;
    for (let gap = 0; gap < gaps; gap++) {
      if ((batch.labels[gap] as number) < 0) continue; // a special token keeps its place
      const at = Math.floor(gap / batch.gapLength) * length + (batch.gapPositions[gap] as number);
      ids[at] = drawn(indices, probabilities, gap, K, random);
    }
  }
}

/** Positions of the texts, short texts first, in groups of one length and of `TEXTS_A_PASS` at most. */
function groupsOfOneLength(examples: readonly EncodedExample[]): number[][] {
  const lengthOf = (i: number) => (examples[i] as EncodedExample).ids.length;
  const order = examples.map((_, i) => i).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  const groups: number[][] = [];
  for (const i of order) {
    const last = groups.at(-1);
    if (last && last.length < TEXTS_A_PASS && lengthOf(last[0] as number) === lengthOf(i)) last.push(i);
    else groups.push([i]);
  }
  return groups;
}

/** One of a gap's K pieces, by their probabilities; the rest of the vocabulary is never drawn. */
function drawn(
  indices: ArrayLike<number>,
  probabilities: Float32Array,
  gap: number,
  K: number,
  random: Random,
): number {
  let total = 0;
  for (let k = 0; k < K; k++) total += probabilities[gap * (K + 1) + k] as number;
  let rest = random.uniform() * total;
  let k = 0;
  for (; k < K - 1; k++) {
    rest -= probabilities[gap * (K + 1) + k] as number;
    if (rest < 0) break;
  }
  return indices[gap * K + k] as number;
}
