/**
 * From a batch with gaps to one hidden state a gap: the masked autoencoder (Paper: arXiv 2302.02060, whose own decoder is
 * one of two; the other is CrossMAE's, arXiv 2401.14391), its queries seeded by their neighbours, or the masked-LM control.
 */
import type { AttentionOptions, Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';
import { type MaskedBatch, nearestVisible } from './batch.ts';
import type { ModelConfig } from './config.ts';
import { type Dropout, encode, feedForward, parameter, residual, transformerLayer } from './encoder.ts';

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

/** Queries at the gaps become their states, as the config's decoder does it. (B, Tv, C) → (B·G, C) */
export function decode(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  encoded: Tensor,
  batch: MaskedBatch,
  dropout?: Dropout,
): Tensor {
  const rows = batch.batchSize * batch.gapLength;
  const decoder = config.decoderAttention === 'self' ? decodeTogether : decodeApart;
  const x = decoder(ops, params, config, encoded, batch, dropout);
  return ops.reshape(ops.rmsNorm(x, parameter(params, 'decoder.norm.weight'), config.normEps), [
    rows,
    config.hiddenSize,
  ]);
}

/** The gaps attend to the encoder's output and do not see each other: (B, G, C). */
function decodeApart(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  encoded: Tensor,
  batch: MaskedBatch,
  dropout?: Dropout,
): Tensor {
  const { gapPositions } = batch;
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
  return x;
}

/** Visible tokens and, behind them, the gaps are one sequence and attend to each other: (B, G, C). */
function decodeTogether(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  encoded: Tensor,
  batch: MaskedBatch,
  dropout?: Dropout,
): Tensor {
  const { batchSize: B, visibleLength: Tv, gapLength: G, visiblePositions, gapPositions } = batch;
  const T = Tv + G;
  const positions = new Int32Array(B * T);
  const visible = new Int32Array(B * T).fill(-1);
  const gaps = new Int32Array(B * T).fill(-1);
  for (let b = 0; b < B; b++) {
    positions.set(visiblePositions.subarray(b * Tv, (b + 1) * Tv), b * T);
    positions.set(gapPositions.subarray(b * G, (b + 1) * G), b * T + Tv);
    for (let i = 0; i < Tv; i++) visible[b * T + i] = b * Tv + i;
    for (let g = 0; g < G; g++) gaps[b * T + Tv + g] = b * G + g;
  }
  const attention: AttentionOptions = {
    numHeads: config.numAttentionHeads,
    queryPositions: positions,
    keyPositions: positions,
    ropeTheta: config.ropeTheta,
  };
  const queries = gapQueries(ops, params, config, encoded, batch);
  let x = ops.add(ops.gatherRows(encoded, visible, [B, T]), ops.gatherRows(queries, gaps, [B, T])); // (B, T, C)
  for (let i = 0; i < config.numDecoderLayers; i++) {
    x = transformerLayer(ops, params, config, `decoder.layer.${i}`, x, attention, dropout);
  }
  const rows = Int32Array.from({ length: B * G }, (_, i) => Math.floor(i / G) * T + Tv + (i % G));
  return ops.gatherRows(x, rows, [B, G]);
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
