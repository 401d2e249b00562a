/** The fine-tuning loss: hard or soft targets, one label a text or several, and a teacher's logits where there is one. */
import { LacunaError } from '../errors.ts';
import type { TextBatch } from '../model/batch.ts';
import { classifierLogits } from '../model/classifier.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Dropout } from '../model/encoder.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';

export interface ClassificationLossOptions {
  readonly multiLabel: boolean;
  /** Weight of the mean squared error on logits recovered from soft targets; 0 for hard labels. */
  readonly logitsWeight: number;
}

/** Log-probabilities are clamped here, so that a target of exactly 0 asks for a large logit and not an infinite one. */
const LOG_FLOOR = -12;

/** Mean over the texts of the cross-entropy (summed over its labels' mean for multi-label) → scalar. */
export function classificationLoss(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: TextBatch,
  options: ClassificationLossOptions,
  dropout?: Dropout,
): Tensor {
  const logits = classifierLogits(ops, params, config, batch, dropout); // (B, K)
  const K = logits.shape[1] as number;
  if (batch.targets.length !== batch.batchSize * K) {
    throw new LacunaError(
      'shape_mismatch',
      `classificationLoss: targets must hold ${batch.batchSize} × ${K} values, got ${batch.targets.length}.`,
      { expected: batch.batchSize * K, actual: batch.targets.length },
    );
  }
  const entropy = options.multiLabel
    ? ops.binaryCrossEntropy(logits, batch.targets)
    : ops.softmaxCrossEntropy(logits, batch.targets);
  if (options.logitsWeight === 0) return entropy;
  const centred = options.multiLabel ? logits : ops.linear(logits, centring(ops, K)); // (B, K)
  const target = ops.tensor(targetLogits(batch.targets, K, options.multiLabel), [batch.batchSize, K]);
  return ops.add(entropy, ops.scale(ops.meanSquaredError(centred, target), options.logitsWeight));
}

/** I − 1/K as a constant weight: a softmax fixes logits only up to a shift, so both sides are compared without it. */
function centring(ops: Ops, K: number): Tensor {
  const values = new Float32Array(K * K).fill(-1 / K);
  for (let i = 0; i < K; i++) values[i * K + i] = 1 - 1 / K;
  return ops.tensor(values, [K, K]);
}

/** Logits that give these probabilities: centred logarithms for a softmax, log p/(1 − p) for logistic labels. */
export function targetLogits(targets: Float32Array, K: number, multiLabel: boolean): Float32Array {
  // A float32 mean of many ones can be a bit more than one.
  const probabilities = targets.map((p) => Math.min(1, Math.max(0, p)));
  const logs = Float32Array.from(probabilities, (p) => Math.max(LOG_FLOOR, Math.log(p)));
  if (multiLabel) return logs.map((log, i) => log - Math.max(LOG_FLOOR, Math.log1p(-(probabilities[i] as number))));
  for (let row = 0; row < logs.length; row += K) {
    let mean = 0;
    for (let i = row; i < row + K; i++) mean += (logs[i] as number) / K;
    for (let i = row; i < row + K; i++) logs[i] = (logs[i] as number) - mean;
  }
  return logs;
}
