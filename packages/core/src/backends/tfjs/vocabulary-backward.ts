/** The vocabulary loss with its gradients, composed of kernels, chunk by chunk. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { VocabularyTargets } from '../../ops/ops.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Arithmetic } from './arithmetic.ts';
import type { TfjsTensors } from './tensors.ts';
import {
  addAll,
  type Chunk,
  chunkLoss,
  chunkWeights,
  forChunks,
  labelChunk,
  rowWeights,
  softChunk,
} from './vocabulary.ts';

/** ∂(row loss)/∂logits of a chunk, (rows, V), not yet weighted. */
function chunkGradient(
  ops: TfjsTensors,
  tf: Arithmetic,
  { labels, hardWeight = 1, zLoss = 0, soft }: VocabularyTargets,
  chunk: Chunk,
): TensorInfo {
  const { logits } = chunk;
  const lse = tf.logSumExp(logits);
  const p = tf.exp(tf.sub(logits, lse));
  const pull = tf.add(tf.mul(lse, 2 * zLoss), hardWeight);
  const hard = tf.sub(tf.mul(p, pull), tf.mul(labelChunk(ops, tf, labels, chunk), hardWeight));
  if (!soft) return hard;
  const { chosen, others, restTarget, rest, student } = softChunk(ops, tf, soft.targets, chunk);
  const spread = tf.mul(tf.mul(student, others), tf.div(restTarget, rest));
  const off = tf.sub(student, tf.add(chosen, spread));
  return tf.add(hard, tf.mul(off, soft.weight * soft.targets.temperature));
}

export function vocabularyLossWithGradient(
  ops: TfjsTensors,
  hidden: Tensor,
  table: Tensor,
  bias: Tensor | undefined,
  targets: VocabularyTargets,
): { loss: Tensor; hidden: Tensor; table: Tensor; bias: Tensor | undefined } {
  const weights = rowWeights(targets.labels);
  const [loss, dHidden, dTable, dBias] = ops.engine.tidy(() => {
    const { tf } = ops;
    const parts = forChunks(ops, tf, hidden, table, bias, (chunk) => {
      const share = chunkWeights(ops, weights, chunk);
      const gradient = tf.mul(chunkGradient(ops, tf, targets, chunk), share);
      return [
        tf.sumAll(tf.mul(chunkLoss(ops, tf, targets, chunk), share)),
        tf.matMul(gradient, ops.info(table)),
        tf.matMul(gradient, chunk.hidden, true),
        ...(bias ? [tf.sum(gradient, 0, false)] : []),
      ];
    });
    const column = (i: number) => parts.map((part) => part[i] as TensorInfo);
    return [
      addAll(tf, column(0)),
      tf.concat(column(1), 0),
      addAll(tf, column(2)),
      ...(bias ? [addAll(tf, column(3))] : []),
    ] as const;
  }) as [TensorInfo, TensorInfo, TensorInfo, TensorInfo?];
  return {
    loss: ops.handle(loss, []),
    hidden: ops.handle(dHidden, hidden.shape),
    table: ops.handle(dTable, table.shape),
    bias: bias && dBias && ops.handle(dBias, bias.shape),
  };
}
