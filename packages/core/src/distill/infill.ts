/** Variants of a text for task distillation: some tokens are removed and a pre-trained model fills the gaps anew. */

import { vocabularyHead } from '../losses/masked.ts';
import { maskWindows } from '../masking/masking.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Random } from '../random/random.ts';
import type { Params } from '../tensor/tensor.ts';
import { type Vocabulary, vocabularyMasking } from '../training/masked-batches.ts';
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
}

/** A pre-trained model in a backend. */
export interface Infiller {
  readonly config: ModelConfig;
  readonly params: Params;
  readonly vocabulary: Vocabulary;
}

/**
 * `variants` new texts for every one of `examples`, with the same targets (a teacher relabels them). Gaps are drawn
 * independently of each other. Texts of fewer than 4 tokens come back as they are.
 */
export async function infill(
  ops: Ops,
  { config, params, vocabulary }: Infiller,
  examples: readonly EncodedExample[],
  { variants, ratio = 0.25, topK = 10, temperature = 1 }: InfillOptions,
  random: Random,
): Promise<EncodedExample[]> {
  const masking = { ratio, spans: [1, 2] as const, ...vocabularyMasking(vocabulary) };
  const made: EncodedExample[] = [];
  for (const example of examples) {
    const length = example.ids.length;
    if (length < 4) {
      for (let i = 0; i < variants; i++) made.push(example);
      continue;
    }
    const ids = new Int32Array(variants * length);
    for (let row = 0; row < variants; row++) ids.set(example.ids, row * length);
    const batch = maskWindows(ids, variants, length, masking, random);
    const { indices, probabilities } = await ops.scope(async () => {
      const { table, bias } = vocabularyHead(params);
      const top = ops.topTargets(gapStates(ops, params, config, batch).gaps, table, bias, topK, temperature);
      return { indices: await ops.read(top.indices), probabilities: await ops.read(top.probabilities) };
    });
    const gaps = variants * batch.gapLength;
    const K = indices.length / gaps;
    for (let gap = 0; gap < gaps; gap++) {
      if ((batch.labels[gap] as number) < 0) continue; // a special token keeps its place
      const at = Math.floor(gap / batch.gapLength) * length + (batch.gapPositions[gap] as number);
      ids[at] = drawn(indices, probabilities, gap, K, random);
    }
    for (let row = 0; row < variants; row++) {
      made.push({ ids: ids.slice(row * length, (row + 1) * length), targets: example.targets });
    }
  }
  return made;
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
