/** The vocabulary ops composed of kernels, over chunks of rows, so that a batch's logits are never all alive. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { SoftTargets, VocabularyTargets } from '../../ops/ops.ts';
import { checkTemperature, checkVocabulary, checkVocabularyLoss } from '../../ops/shapes.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Arithmetic } from './arithmetic.ts';
import type { TfjsTensors } from './tensors.ts';

/** Floats of logits alive at a time (16 MB). */
const CHUNK = 1 << 22;

/** No logarithm of zero: a target that is 0 counts nothing whatever stands beside it. */
const LEAST = 1e-30;

/** Rows [first, first + rows) of hidden states and their logits. */
export interface Chunk {
  readonly first: number;
  readonly rows: number;
  readonly hidden: TensorInfo; // (rows, C)
  readonly logits: TensorInfo; // (rows, V)
}

/** Calls `each` chunk by chunk, every one in a frame of its own, and gathers what it returns. */
export function forChunks(
  ops: TfjsTensors,
  tf: Arithmetic,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  each: (chunk: Chunk) => readonly TensorInfo[],
): TensorInfo[][] {
  const [N, C] = hidden.shape as [number, number];
  const size = Math.max(1, Math.floor(CHUNK / (table.shape[0] as number)));
  const [x, w, b] = [ops.info(hidden), ops.info(table), bias && ops.info(bias)];
  const results: TensorInfo[][] = [];
  for (let first = 0; first < N; first += size) {
    const rows = Math.min(size, N - first);
    const made = ops.engine.tidy(() => {
      const own = tf.slice(x, [first, 0], [rows, C]);
      const product = tf.matMul(own, w, false, true);
      return each({ first, rows, hidden: own, logits: b ? tf.add(product, b) : product });
    });
    results.push([...made]);
  }
  return results;
}

/** 1/count for rows with a label, 0 for the others. */
export function rowWeights(labels: Int32Array): Float32Array {
  const count = labels.reduce((n, label) => (label >= 0 ? n + 1 : n), 0);
  return Float32Array.from(labels, (label) => (label >= 0 ? 1 / count : 0));
}

/** A chunk's soft targets over the whole vocabulary, and the student's probabilities beside them. */
interface SoftChunk {
  /** t at the chosen pieces, 0 elsewhere; (rows, V). */
  readonly chosen: TensorInfo;
  /** 1 at pieces that were not chosen; (rows, V). */
  readonly others: TensorInfo;
  /** The rest's target and its probability, (rows, 1). */
  readonly restTarget: TensorInfo;
  readonly rest: TensorInfo;
  /** The student's softmax at the temperature, (rows, V). */
  readonly student: TensorInfo;
}

export function softChunk(ops: TfjsTensors, tf: Arithmetic, targets: SoftTargets, chunk: Chunk): SoftChunk {
  const { first, rows, logits } = chunk;
  const V = logits.shape[1] as number;
  const K = targets.indices.shape[1] as number;
  const indices = tf.slice(ops.info(targets.indices), [first, 0], [rows, K]);
  const probabilities = tf.slice(ops.info(targets.probabilities), [first, 0], [rows, K + 1]);
  const flat = flatIndices(ops, tf, indices, rows, V);
  const spread = (values: TensorInfo) =>
    tf.reshape(tf.segmentSum(tf.reshape(values, [rows * K, 1]), flat, rows * V), [rows, V]);
  const others = tf.sub(1, spread(ops.engine.float(new Float32Array(rows * K).fill(1), [rows, K])));
  const student = tf.softmax(tf.mul(logits, 1 / targets.temperature));
  return {
    chosen: spread(tf.columns(probabilities, 0, K)),
    others,
    restTarget: tf.columns(probabilities, K, 1),
    rest: tf.atLeast(tf.sum(tf.mul(student, others), 1), LEAST),
    student,
  };
}

/** Column indices (rows, K) as indices into the flat (rows·V). */
function flatIndices(ops: TfjsTensors, tf: Arithmetic, indices: TensorInfo, rows: number, V: number): TensorInfo {
  const K = indices.shape[1] as number;
  const starts = ops.engine.integer(
    Int32Array.from({ length: rows }, (_, i) => i * V),
    [rows, 1],
  );
  return tf.reshape(tf.add(indices, starts), [rows * K]);
}

/** Labels of a chunk as ones in (rows, V); an ignored row has its one at 0 and must be weighted out. */
export function labelChunk(
  ops: TfjsTensors,
  tf: Arithmetic,
  labels: Int32Array,
  { first, rows, logits }: Chunk,
): TensorInfo {
  const present = labels.subarray(first, first + rows).map((label) => Math.max(0, label));
  return tf.oneHot(ops.engine.integer(present, [rows]), logits.shape[1] as number);
}

/** The loss of every row of a chunk, (rows, 1), not yet weighted. */
export function chunkLoss(
  ops: TfjsTensors,
  tf: Arithmetic,
  { labels, hardWeight = 1, zLoss = 0, soft }: VocabularyTargets,
  chunk: Chunk,
): TensorInfo {
  const { logits } = chunk;
  const lse = tf.logSumExp(logits);
  const own = tf.sum(tf.mul(logits, labelChunk(ops, tf, labels, chunk)), 1);
  const hard = tf.add(tf.mul(tf.sub(lse, own), hardWeight), tf.mul(tf.square(lse), zLoss));
  if (!soft) return hard;
  const { chosen, others, restTarget, rest, student } = softChunk(ops, tf, soft.targets, chunk);
  const log = (x: TensorInfo) => tf.log(tf.atLeast(x, LEAST));
  // Pieces that were not chosen have a target of 0 and drop out.
  const pieces = tf.sum(tf.mul(chosen, tf.sub(log(chosen), log(tf.add(student, others)))), 1);
  const remainder = tf.mul(restTarget, tf.sub(log(restTarget), log(rest)));
  return tf.add(hard, tf.mul(tf.add(pieces, remainder), soft.weight * soft.targets.temperature ** 2));
}

export function vocabularyLoss(
  ops: TfjsTensors,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  targets: VocabularyTargets,
): Tensor {
  checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
  const weights = rowWeights(targets.labels);
  return ops.compute([], (tf) => {
    const parts = forChunks(ops, tf, hidden, table, bias, (chunk) => [
      tf.sumAll(tf.mul(chunkLoss(ops, tf, targets, chunk), chunkWeights(ops, weights, chunk))),
    ]);
    return addAll(
      tf,
      parts.map(([part]) => part as TensorInfo),
    );
  });
}

/** A chunk's row weights, (rows, 1). */
export function chunkWeights(ops: TfjsTensors, weights: Float32Array, { first, rows }: Chunk): TensorInfo {
  return ops.engine.float(weights.subarray(first, first + rows), [rows, 1]);
}

export function addAll(tf: Arithmetic, parts: readonly TensorInfo[]): TensorInfo {
  return parts.reduce((sum, part) => tf.add(sum, part));
}

export function vocabularyRank(
  ops: TfjsTensors,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  labels: Int32Array,
): Tensor {
  const { N, V } = checkVocabulary('vocabularyRank', hidden.shape, table.shape, bias?.shape, labels);
  const pieces = ops.engine.float(
    Float32Array.from({ length: V }, (_, v) => v),
    [1, V],
  );
  return ops.compute([N, 2], (tf) => {
    const parts = forChunks(ops, tf, hidden, table, bias, (chunk) => [rankChunk(ops, tf, labels, pieces, chunk)]);
    return tf.concat(
      parts.map(([part]) => part as TensorInfo),
      0,
    );
  });
}

function rankChunk(ops: TfjsTensors, tf: Arithmetic, labels: Int32Array, pieces: TensorInfo, chunk: Chunk): TensorInfo {
  const { first, rows, logits } = chunk;
  const V = logits.shape[1] as number;
  const part = labels.subarray(first, first + rows);
  const column = (value: (label: number) => number) => ops.engine.float(Float32Array.from(part, value), [rows, 1]);
  const present = ops.engine.integer(
    part.map((label) => Math.max(0, label)),
    [rows, 1],
  );
  const own = tf.reshape(tf.gather(tf.reshape(logits, [rows * V, 1]), flatIndices(ops, tf, present, rows, V)), [
    rows,
    1,
  ]);
  const step = (x: TensorInfo) => ops.engine.run('Step', { x }, { alpha: 0 });
  // Comparisons by differences, since the WASM backend's do not broadcast; those with NaN count as neither.
  const apart = tf.sub(logits, own);
  const unordered = ops.engine.run('IsNan', { x: apart });
  const known = (x: TensorInfo) =>
    ops.engine.run('Select', { condition: unordered, t: ops.engine.run('ZerosLike', { x }), e: x });
  const larger = known(step(apart));
  const smaller = known(step(tf.mul(apart, -1)));
  const equal = known(tf.sub(tf.sub(1, larger), smaller));
  const lower = step(
    tf.sub(
      column((label) => label),
      pieces,
    ),
  );
  const before = tf.sum(tf.add(larger, tf.mul(equal, lower)), 1);
  const lost = ops.engine.run(
    'Cast',
    { x: ops.engine.run('IsNan', { x: own }) },
    { dtype: 'float32', truncate: false },
  );
  const rank = tf.add(before, tf.mul(lost, V - 1));
  const valid = column((label) => (label < 0 ? 0 : 1));
  const shown = tf.sub(
    tf.mul(rank, valid),
    column((label) => (label < 0 ? 1 : 0)),
  );
  return tf.concat([shown, tf.mul(tf.sub(tf.logSumExp(logits), own), valid)], 1);
}

export function topTargets(
  ops: TfjsTensors,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  k: number,
  temperature: number,
): SoftTargets {
  const { N, V } = checkVocabulary('topTargets', hidden.shape, table.shape, bias?.shape);
  checkTemperature('topTargets', temperature);
  const K = Math.min(k, V);
  const made = ops.engine.tidy(() => {
    const { tf } = ops;
    const parts = forChunks(ops, tf, hidden, table, bias, ({ rows, logits }) => {
      const [, indices] = ops.engine.runMany('TopK', { x: logits }, { k: K, sorted: true }) as [TensorInfo, TensorInfo];
      const student = tf.softmax(tf.mul(logits, 1 / temperature));
      const flat = flatIndices(ops, tf, indices, rows, V);
      const top = tf.reshape(tf.gather(tf.reshape(student, [rows * V, 1]), flat), [rows, K]);
      const ones = ops.engine.float(new Float32Array(rows * K).fill(1), [rows * K, 1]);
      const others = tf.sub(1, tf.reshape(tf.segmentSum(ones, flat, rows * V), [rows, V]));
      return [indices, tf.concat([top, tf.sum(tf.mul(student, others), 1)], 1)];
    });
    return [0, 1].map((i) =>
      tf.concat(
        parts.map((part) => part[i] as TensorInfo),
        0,
      ),
    );
  });
  return {
    indices: ops.handle(made[0] as TensorInfo, [N, K], 'int32'),
    probabilities: ops.handle(made[1] as TensorInfo, [N, K + 1]),
    temperature,
  };
}
