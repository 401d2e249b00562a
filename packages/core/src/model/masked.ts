/**
 * From a batch with gaps to one hidden state a gap: the masked autoencoder (Paper: arXiv 2302.02060; the decoder is
 * CrossMAE's, arXiv 2401.14391, with queries seeded by their visible neighbours), or the masked-LM control.
 */
import type { AttentionOptions, Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';
import { type MaskedBatch, nearestVisible } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { type Dropout, encode, feedForward, parameter, residual } from './encoder.ts';

export interface GapStates {
  /** Decoder output at the gaps, (B·G, C): what the vocabulary ops take. */
  readonly gaps: Tensor;
  /** The encoder's output, (B, Tv, C) for `mae`, (B, T, C) for `mlm`. */
  readonly encoded: Tensor;
}

/** Hidden states of the removed tokens under the config's objective. */
export function gapStates(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
  dropout?: Dropout,
): GapStates {
  return config.objective === 'mae'
    ? maskedAutoencoder(ops, params, config, batch, dropout)
    : maskedLanguageModel(ops, params, config, batch, dropout);
}

function maskedAutoencoder(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
  dropout?: Dropout,
): GapStates {
  const { batchSize, visibleLength, visibleIds: ids, visiblePositions: positions } = batch;
  const encoded = encode(ops, params, config, { batchSize, length: visibleLength, ids, positions }, dropout);
  return { encoded, gaps: decode(ops, params, config, encoded, batch, dropout) };
}

/** Queries at the gaps attend to the encoder's output; gaps do not see each other. (B, Tv, C) → (B·G, C) */
export function decode(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  encoded: Tensor,
  batch: MaskedBatch,
  dropout?: Dropout,
): Tensor {
  const { batchSize: B, gapLength: G, gapPositions } = batch;
  const C = config.hiddenSize;
  const attention: AttentionOptions = {
    numHeads: config.numAttentionHeads,
    queryPositions: gapPositions,
    keyPositions: batch.visiblePositions,
    ropeTheta: config.ropeTheta,
  };
  let x = gapQueries(ops, params, config, encoded, batch); // (B, G, C)
  for (let i = 0; i < config.numDecoderLayers; i++) {
    const layer = `decoder.layer.${i}`;
    const at = (name: string) => parameter(params, `${layer}.crossattention.${name}.weight`);
    const query = ops.linear(ops.rmsNorm(x, at('norm'), config.normEps), at('query')); // (B, G, C)
    const keyValue = ops.linear(encoded, at('key_value')); // (B, Tv, 2C)
    const attended = ops.crossAttention(query, keyValue, attention);
    x = residual(ops, x, ops.linear(attended, at('output.dense')), dropout);
    x = feedForward(ops, params, config, layer, x, dropout);
  }
  return ops.reshape(ops.rmsNorm(x, parameter(params, 'decoder.norm.weight'), config.normEps), [B * G, C]);
}

/** One query a gap: the learned vector, plus maps of the nearest visible states left and right when seeded. */
function gapQueries(ops: Ops, params: Params, config: ModelConfig, encoded: Tensor, batch: MaskedBatch): Tensor {
  const { batchSize: B, gapLength: G } = batch;
  const vector = parameter(params, 'decoder.query.bias');
  if (config.decoderQueries === 'plain') {
    const table = ops.reshape(vector, [1, config.hiddenSize]);
    return ops.gatherRows(table, new Int32Array(B * G), [B, G]);
  }
  const { left, right } = nearestVisible(batch);
  const fromLeft = ops.gatherRows(encoded, left, [B, G]); // (B, G, C)
  const fromRight = ops.gatherRows(encoded, right, [B, G]);
  return ops.add(
    ops.linear(fromLeft, parameter(params, 'decoder.query.left.weight'), vector),
    ops.linear(fromRight, parameter(params, 'decoder.query.right.weight')),
  );
}

/** The control: `[MASK]` stands in every gap inside the encoder. */
function maskedLanguageModel(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
  dropout?: Dropout,
): GapStates {
  const { batchSize: B, visibleLength, gapLength } = batch;
  const T = visibleLength + gapLength;
  const ids = new Int32Array(B * T).fill(config.maskTokenId);
  const positions = new Int32Array(B * T);
  const rows = new Int32Array(B * gapLength);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) positions[b * T + t] = t;
    for (let i = b * visibleLength; i < (b + 1) * visibleLength; i++) {
      ids[b * T + (batch.visiblePositions[i] as number)] = batch.visibleIds[i] as number;
    }
    for (let g = b * gapLength; g < (b + 1) * gapLength; g++) rows[g] = b * T + (batch.gapPositions[g] as number);
  }
  const encoded = encode(ops, params, config, { batchSize: B, length: T, ids, positions }, dropout);
  return { encoded, gaps: ops.gatherRows(encoded, rows, [B * gapLength]) };
}
