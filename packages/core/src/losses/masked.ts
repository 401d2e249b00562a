/** The pre-training loss: cross-entropy of the removed tokens, through the vocabulary's table. */
import type { MaskedBatch } from '../model/batch.ts';
import type { ModelConfig } from '../model/config.ts';
import { type Dropout, parameter } from '../model/encoder.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';

/** The table (V, C), tied or of its own, and the bias (V) that turn a gap's state into logits. */
export function vocabularyHead(params: Params): { table: Tensor; bias: Tensor } {
  return {
    table: params['cls.predictions.decoder.weight'] ?? parameter(params, 'embeddings.word_embeddings.weight'),
    bias: parameter(params, 'cls.predictions.bias'),
  };
}

/** Mean cross-entropy in nats over the batch's gaps, plus `zLoss · mean(logsumexp²)` → scalar. */
export function maskedLoss(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
  zLoss: number,
  dropout?: Dropout,
): Tensor {
  const { gaps } = gapStates(ops, params, config, batch, dropout);
  const { table, bias } = vocabularyHead(params);
  return ops.vocabularyLoss(gaps, table, bias, { labels: batch.labels, zLoss });
}
