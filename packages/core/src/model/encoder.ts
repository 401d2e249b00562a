/** The encoder: a pre-norm Transformer over the tokens it is given, each at its original position. */
import { LacunaError } from '../errors.ts';
import type { AttentionOptions, Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';
import type { ModelConfig } from './config.ts';

/** Dropout during training: a rate, and a fresh key for every site in the model. */
export interface Dropout {
  readonly rate: number;
  key(): readonly [number, number];
}

export interface EncoderInput {
  readonly batchSize: number;
  readonly length: number;
  /** (B·T) */
  readonly ids: Int32Array;
  /** Original positions, (B·T). */
  readonly positions: Int32Array;
  /** Right padding: tokens a row, (B). Omit where there is none. */
  readonly lengths?: Int32Array;
}

/** The parameter `name`, or `checkpoint_mismatch`. */
export function parameter(params: Params, name: string): Tensor {
  const tensor = params[name];
  if (tensor) return tensor;
  throw new LacunaError('checkpoint_mismatch', `model: no parameter "${name}". Is the checkpoint of this config?`, {
    name,
  });
}

/** x + dropout(y): how every sub-layer joins the residual stream. */
export function residual(ops: Ops, x: Tensor, y: Tensor, dropout?: Dropout): Tensor {
  return ops.add(x, dropout && dropout.rate > 0 ? ops.dropout(y, dropout.rate, dropout.key()) : y);
}

/** The feed-forward sub-layer shared by encoder and decoder: norm → GeGLU → projection, added to x. */
export function feedForward(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  layer: string,
  x: Tensor,
  dropout?: Dropout,
): Tensor {
  const normed = ops.rmsNorm(x, parameter(params, `${layer}.intermediate.norm.weight`), config.normEps);
  const gated = ops.geglu(ops.linear(normed, parameter(params, `${layer}.intermediate.dense.weight`))); // (B, T, F)
  return residual(ops, x, ops.linear(gated, parameter(params, `${layer}.output.dense.weight`)), dropout);
}

/** Self-attention and feed-forward, each added to x: (B, T, C) → (B, T, C). */
export function transformerLayer(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  layer: string,
  x: Tensor,
  attention: AttentionOptions,
  dropout?: Dropout,
): Tensor {
  const normed = ops.rmsNorm(x, parameter(params, `${layer}.attention.norm.weight`), config.normEps);
  const qkv = ops.linear(normed, parameter(params, `${layer}.attention.qkv.weight`)); // (B, T, 3C)
  const attended = ops.selfAttention(qkv, attention); // (B, T, C)
  const projected = ops.linear(attended, parameter(params, `${layer}.attention.output.dense.weight`));
  return feedForward(ops, params, config, layer, residual(ops, x, projected, dropout), dropout);
}

/** (B, T) tokens → (B, T, C), normalised. */
export function encode(ops: Ops, params: Params, config: ModelConfig, input: EncoderInput, dropout?: Dropout): Tensor {
  const { batchSize: B, length: T, positions, lengths } = input;
  const attention: AttentionOptions = {
    numHeads: config.numAttentionHeads,
    queryPositions: positions,
    keyPositions: positions,
    ropeTheta: config.ropeTheta,
    ...(lengths ? { keyLengths: lengths } : {}),
  };
  let x = ops.embedding(parameter(params, 'embeddings.word_embeddings.weight'), input.ids, [B, T]); // (B, T, C)
  for (let i = 0; i < config.numHiddenLayers; i++) {
    x = transformerLayer(ops, params, config, `encoder.layer.${i}`, x, attention, dropout);
  }
  return ops.rmsNorm(x, parameter(params, 'encoder.norm.weight'), config.normEps);
}
