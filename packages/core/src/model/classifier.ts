/** Classification: the encoder on the whole text, the mean of its tokens, a tanh layer and one logit a label. */
import type { Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';
import type { TextBatch } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { type Dropout, encode, parameter } from './encoder.ts';

/** The mean of the encoder's states over each text: (B, C). */
export function pooledStates(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: TextBatch,
  dropout?: Dropout,
): Tensor {
  const { batchSize, length, inputIds: ids, lengths } = batch;
  const positions = batch.positions ?? Int32Array.from({ length: batchSize * length }, (_, i) => i % length);
  return ops.meanPool(encode(ops, params, config, { batchSize, length, ids, positions, lengths }, dropout), lengths);
}

/** (B, K) */
export function classifierLogits(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: TextBatch,
  dropout?: Dropout,
): Tensor {
  const pooled = pooledStates(ops, params, config, batch, dropout);
  const dense = parameter(params, 'classifier.dense.weight');
  const hidden = ops.tanh(ops.linear(pooled, dense, parameter(params, 'classifier.dense.bias')));
  const kept = dropout && dropout.rate > 0 ? ops.dropout(hidden, dropout.rate, dropout.key()) : hidden;
  return ops.linear(
    kept,
    parameter(params, 'classifier.out_proj.weight'),
    parameter(params, 'classifier.out_proj.bias'),
  );
}
