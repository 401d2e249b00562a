/** The vocabulary ops in chunks of rows, so that a batch's logits are never all alive. */
import type { SoftTargets, VocabularyTargets } from '../../ops/ops.ts';
import { checkTemperature, checkVocabulary, checkVocabularyLoss } from '../../ops/shapes.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { WasmTensor } from './arena.ts';
import type { WasmInference } from './inference.ts';

/** Floats of logits alive at a time (8 MB). */
const CHUNK = 1 << 21;

/** Rows a chunk: a multiple of the register tile's 6. */
export function chunkRows(stride: number): number {
  return Math.max(6, Math.floor(CHUNK / stride / 6) * 6);
}

/** Calls `each(first, rows, logits, stride)` chunk by chunk; logits lie in rows of `stride` floats. */
export function forLogits(
  ops: WasmInference,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  each: (first: number, rows: number, logits: number, stride: number) => void,
): void {
  const [N, C] = hidden.shape as [number, number];
  const V = table.shape[0] as number;
  const stride = (V + 3) & ~3;
  const x = ops.own(hidden).at;
  const weight = ops.own(table);
  const biasAt = bias ? ops.own(bias).at : 0;
  const size = Math.min(chunkRows(stride), N);
  ops.arena.withScratch(4 * size * stride, (logits) => {
    for (let first = 0; first < N; first += size) {
      const rows = Math.min(size, N - first);
      ops.multiply(rows, C, x + 4 * first * C, weight, 0, V, logits, stride);
      if (biasAt) for (let r = 0; r < rows; r++) ops.kernels.addRow(1, V, biasAt, logits + 4 * r * stride);
      each(first, rows, logits, stride);
    }
  });
}

/** A loss's targets as the kernels take them: everything between the logits' stride and the end, for rows from `first`. */
export class TargetArguments {
  readonly count: number;
  readonly #ops: WasmInference;
  readonly #targets: VocabularyTargets;
  readonly #K: number;
  readonly #labels: number;
  readonly #saved: number;

  constructor(ops: WasmInference, targets: VocabularyTargets, K: number) {
    this.#ops = ops;
    this.#targets = targets;
    this.#K = K;
    this.count = targets.labels.reduce((n, label) => (label >= 0 ? n + 1 : n), 0);
    this.#labels = ops.integers(targets.labels);
    this.#saved = ops.arena.allocate(4 * K);
  }

  from(first: number): number[] {
    const { hardWeight = 1, zLoss = 0, soft } = this.#targets;
    const K = this.#K;
    const indices = soft ? this.#ops.own(soft.targets.indices).at + 4 * first * K : 0;
    const probabilities = soft ? this.#ops.own(soft.targets.probabilities).at + 4 * first * (K + 1) : 0;
    const labels = this.#labels + 4 * first;
    const temperature = soft?.targets.temperature ?? 1;
    return [labels, hardWeight, zLoss, K, indices, probabilities, temperature, soft?.weight ?? 0, this.#saved];
  }
}

export function vocabularyLoss(
  ops: WasmInference,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  targets: VocabularyTargets,
): Tensor {
  const { V, K } = checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
  const given = new TargetArguments(ops, targets, K);
  let loss = 0;
  forLogits(ops, hidden, table, bias, (first, rows, logits, stride) => {
    loss += ops.kernels.vocabularyLossRows(rows, V, logits, stride, ...given.from(first));
  });
  return ops.tensor([given.count === 0 ? 0 : loss / given.count], []);
}

export function vocabularyRank(
  ops: WasmInference,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  labels: Int32Array,
): Tensor {
  const { N, V } = checkVocabulary('vocabularyRank', hidden.shape, table.shape, bias?.shape, labels);
  const ranks = ops.make([N, 2]);
  const labelsAt = ops.integers(labels);
  forLogits(ops, hidden, table, bias, (first, rows, logits, stride) => {
    ops.kernels.vocabularyRankRows(rows, V, logits, stride, labelsAt + 4 * first, ranks.at + 8 * first);
  });
  return ranks;
}

export function topTargets(
  ops: WasmInference,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  k: number,
  temperature: number,
): SoftTargets {
  const { N, V } = checkVocabulary('topTargets', hidden.shape, table.shape, bias?.shape);
  checkTemperature('topTargets', temperature);
  const K = Math.min(k, V);
  const indices = new WasmTensor([N, K], 'int32', ops.arena.allocate(4 * N * K), ops.arena.scope);
  const probabilities = ops.make([N, K + 1]);
  const saved = ops.arena.allocate(4 * K);
  forLogits(ops, hidden, table, bias, (first, rows, logits, stride) => {
    const to = [indices.at + 4 * first * K, probabilities.at + 4 * first * (K + 1)] as const;
    ops.kernels.topTargetRows(rows, V, logits, stride, K, temperature, ...to, saved);
  });
  return { indices, probabilities, temperature };
}
