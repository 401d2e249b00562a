/** The model written a second time, in TensorFlow.js on its own CPU kernels and its own autograd: an outside oracle. */
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-backend-cpu';
import type { MaskedBatch, ModelConfig, TextBatch } from '@lacuna/core';

type Weights = Readonly<Record<string, tf.Tensor>>;

const ids = (values: Int32Array, shape: number[]) => tf.tensor(values, shape, 'int32');

function rmsNorm(x: tf.Tensor, weight: tf.Tensor, eps: number): tf.Tensor {
  return tf.mul(tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps))), weight);
}

/** x (B, T, I) times a weight (O, I), transposed. */
function linear(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const [B, T, I] = x.shape as [number, number, number];
  return tf.reshape(tf.matMul(tf.reshape(x, [B * T, I]), weight, false, true), [B, T, -1]);
}

/** (B, T, C) → (B, H, T, D) */
function split(x: tf.Tensor, numHeads: number): tf.Tensor {
  const [B, T, C] = x.shape as [number, number, number];
  return tf.transpose(tf.reshape(x, [B, T, numHeads, C / numHeads]), [0, 2, 1, 3]);
}

/** Rotates (B, H, T, D) by positions (B·T). */
function rotate(x: tf.Tensor, positions: Int32Array, theta: number): tf.Tensor {
  const [B, , T, D] = x.shape as [number, number, number, number];
  const frequencies = Array.from({ length: D / 2 }, (_, i) => theta ** ((-2 * i) / D));
  const angles = tf.tensor(
    Array.from(positions).flatMap((position) => frequencies.map((frequency) => position * frequency)),
    [B, 1, T, D / 2],
  );
  const [a, b] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
  const [cos, sin] = [tf.cos(angles), tf.sin(angles)];
  const first = tf.sub(tf.mul(a, cos), tf.mul(b, sin));
  return tf.concat([first, tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
}

/** Softmax attention of heads; `bias` is added to the scores. */
function attend(q: tf.Tensor, k: tf.Tensor, v: tf.Tensor, bias?: tf.Tensor): tf.Tensor {
  const [B, H, T, D] = q.shape as [number, number, number, number];
  const scores = tf.div(tf.matMul(q, k, false, true), Math.sqrt(D));
  const weights = tf.softmax(bias ? tf.add(scores, bias) : scores);
  return tf.reshape(tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]), [B, T, H * D]);
}

function feedForward(w: Weights, layer: string, config: ModelConfig, x: tf.Tensor): tf.Tensor {
  const hidden = linear(
    rmsNorm(x, w[`${layer}.intermediate.norm.weight`] as tf.Tensor, config.normEps),
    w[`${layer}.intermediate.dense.weight`] as tf.Tensor,
  );
  const [a, b] = tf.split(hidden, 2, -1) as [tf.Tensor, tf.Tensor];
  const gelu = tf.mul(tf.mul(a, tf.add(tf.erf(tf.div(a, Math.SQRT2)), 1)), 0.5);
  return tf.add(x, linear(tf.mul(gelu, b), w[`${layer}.output.dense.weight`] as tf.Tensor));
}

/** Self-attention and feed-forward. */
function within(
  w: Weights,
  layer: string,
  config: ModelConfig,
  x: tf.Tensor,
  positions: Int32Array,
  bias?: tf.Tensor,
): tf.Tensor {
  const at = (name: string) => w[`${layer}.attention.${name}.weight`] as tf.Tensor;
  const qkv = linear(rmsNorm(x, at('norm'), config.normEps), at('qkv'));
  const parts = tf.split(qkv, 3, -1).map((part) => split(part, config.numAttentionHeads));
  const [q, k, v] = parts as [tf.Tensor, tf.Tensor, tf.Tensor];
  const rotated = (part: tf.Tensor) => rotate(part, positions, config.ropeTheta);
  return feedForward(w, layer, config, tf.add(x, linear(attend(rotated(q), rotated(k), v, bias), at('output.dense'))));
}

function encode(
  w: Weights,
  config: ModelConfig,
  tokens: Int32Array,
  positions: Int32Array,
  shape: [number, number],
  bias?: tf.Tensor,
): tf.Tensor {
  let x = tf.gather(w['embeddings.word_embeddings.weight'] as tf.Tensor, ids(tokens, shape));
  for (let i = 0; i < config.numHiddenLayers; i++) x = within(w, `encoder.layer.${i}`, config, x, positions, bias);
  return rmsNorm(x, w['encoder.norm.weight'] as tf.Tensor, config.normEps);
}

function decode(w: Weights, config: ModelConfig, encoded: tf.Tensor, batch: MaskedBatch): tf.Tensor {
  const { batchSize: B, gapLength: G, visibleLength: Tv, gapPositions, visiblePositions } = batch;
  const C = config.hiddenSize;
  // A row of zeros stands for the neighbour that is not there.
  const padded = tf.reshape(tf.concat([encoded, tf.zeros([B, 1, C])], 1), [B * (Tv + 1), C]);
  const neighbour = (step: -1 | 1) => {
    const rows = Array.from({ length: B * G }, (_, i) => {
      const b = Math.floor(i / G);
      const visible = Array.from(visiblePositions.subarray(b * Tv, (b + 1) * Tv));
      const at = gapPositions[i] as number;
      const index = step < 0 ? visible.findLastIndex((p) => p < at) : visible.findIndex((p) => p > at);
      return b * (Tv + 1) + (index < 0 ? Tv : index);
    });
    return tf.gather(padded, ids(Int32Array.from(rows), [B, G]));
  };
  let x = tf.add(tf.zeros([B, G, C]), w['decoder.query.bias'] as tf.Tensor);
  if (config.decoderQueries === 'seeded') {
    x = tf.add(x, linear(neighbour(-1), w['decoder.query.left.weight'] as tf.Tensor));
    x = tf.add(x, linear(neighbour(1), w['decoder.query.right.weight'] as tf.Tensor));
  }
  if (config.decoderAttention === 'self') x = decodeTogether(w, config, encoded, x, batch);
  for (let i = 0; config.decoderAttention !== 'self' && i < config.numDecoderLayers; i++) {
    const layer = `decoder.layer.${i}`;
    const at = (name: string) => w[`${layer}.crossattention.${name}.weight`] as tf.Tensor;
    const q = split(linear(rmsNorm(x, at('norm'), config.normEps), at('query')), config.numAttentionHeads);
    const [k, v] = tf
      .split(linear(encoded, at('key_value')), 2, -1)
      .map((part) => split(part, config.numAttentionHeads)) as [tf.Tensor, tf.Tensor];
    const attended = attend(
      rotate(q, gapPositions, config.ropeTheta),
      rotate(k, visiblePositions, config.ropeTheta),
      v,
    );
    x = tf.add(x, linear(attended, at('output.dense')));
    x = feedForward(w, layer, config, x);
  }
  return tf.reshape(rmsNorm(x, w['decoder.norm.weight'] as tf.Tensor, config.normEps), [B * G, C]);
}

/** Tokens and gaps (B, G, C) in the text's own order, all attending to all; the gaps' states are picked out at the end. */
function decodeTogether(
  w: Weights,
  config: ModelConfig,
  encoded: tf.Tensor,
  queries: tf.Tensor,
  { batchSize: B, gapLength: G, visibleLength: Tv, gapPositions, visiblePositions }: MaskedBatch,
): tf.Tensor {
  const T = Tv + G;
  const both = tf.reshape(tf.concat([encoded, queries], 1), [B * T, config.hiddenSize]);
  const order = new Int32Array(B * T);
  visiblePositions.forEach((at, i) => {
    order[Math.floor(i / Tv) * T + at] = Math.floor(i / Tv) * T + (i % Tv);
  });
  const rows = gapPositions.map((at, i) => Math.floor(i / G) * T + at);
  rows.forEach((row, i) => {
    order[row] = Math.floor(i / G) * T + Tv + (i % G);
  });
  const places = Int32Array.from({ length: B * T }, (_, i) => i % T);
  let x = tf.gather(both, ids(order, [B, T]));
  for (let i = 0; i < config.numDecoderLayers; i++) x = within(w, `decoder.layer.${i}`, config, x, places);
  return tf.gather(tf.reshape(x, [B * T, config.hiddenSize]), ids(rows, [B, G]));
}

/** Mean cross-entropy of the gaps plus z-loss. */
export function maskedLoss(w: Weights, config: ModelConfig, batch: MaskedBatch, zLoss: number): tf.Scalar {
  const { batchSize: B, visibleLength: Tv, gapLength: G, visibleIds, visiblePositions, gapPositions, labels } = batch;
  const C = config.hiddenSize;
  let gaps: tf.Tensor;
  if (config.objective === 'mae') {
    gaps = decode(w, config, encode(w, config, visibleIds, visiblePositions, [B, Tv]), batch);
  } else {
    const T = Tv + G;
    const tokens = new Int32Array(B * T).fill(config.maskTokenId);
    visibleIds.forEach((id, i) => {
      tokens[Math.floor(i / Tv) * T + (visiblePositions[i] as number)] = id;
    });
    const positions = Int32Array.from({ length: B * T }, (_, i) => i % T);
    const rows = gapPositions.map((position, i) => Math.floor(i / G) * T + position);
    gaps = tf.gather(tf.reshape(encode(w, config, tokens, positions, [B, T]), [B * T, C]), ids(rows, [B * G]));
  }
  const untied = config.tieWordEmbeddings === false;
  const table = w[untied ? 'cls.predictions.decoder.weight' : 'embeddings.word_embeddings.weight'] as tf.Tensor2D;
  const logits = tf.add(tf.matMul(gaps, table, false, true), w['cls.predictions.bias'] as tf.Tensor);
  const normaliser = tf.logSumExp(logits, -1);
  const own = tf.sum(tf.mul(logits, tf.oneHot(ids(labels, [B * G]), config.vocabSize)), -1);
  const regular = tf.mul(tf.mean(tf.square(normaliser)), zLoss);
  return tf.add(tf.mean(tf.sub(normaliser, own)), regular) as tf.Scalar;
}

/** Mean cross-entropy of the labels: of one a text, or of each by itself. */
export function classificationLoss(w: Weights, config: ModelConfig, batch: TextBatch, multiLabel: boolean): tf.Scalar {
  const { batchSize: B, length: T, inputIds, lengths, targets } = batch;
  const inside = Array.from({ length: B * T }, (_, i) => (i % T < (lengths[Math.floor(i / T)] as number) ? 1 : 0));
  const bias = tf.tensor(
    inside.map((one) => (one ? 0 : -1e9)),
    [B, 1, 1, T],
  );
  const positions = Int32Array.from({ length: B * T }, (_, i) => i % T);
  const states = encode(w, config, inputIds, positions, [B, T], bias);
  const sums = tf.sum(tf.mul(states, tf.tensor(inside, [B, T, 1])), 1);
  const pooled = tf.div(sums, tf.tensor(Array.from(lengths), [B, 1]));
  const dense = (x: tf.Tensor, name: string) =>
    tf.add(
      tf.matMul(x, w[`classifier.${name}.weight`] as tf.Tensor, false, true),
      w[`classifier.${name}.bias`] as tf.Tensor,
    );
  const logits = dense(tf.tanh(dense(pooled, 'dense')), 'out_proj');
  const wanted = tf.tensor(targets, logits.shape);
  if (multiLabel) {
    const yes = tf.mul(wanted, tf.log(tf.sigmoid(logits)));
    const no = tf.mul(tf.sub(1, wanted), tf.log(tf.sub(1, tf.sigmoid(logits))));
    return tf.neg(tf.mean(tf.add(yes, no))) as tf.Scalar;
  }
  const likelihoods = tf.mul(tf.logSoftmax(logits), wanted);
  return tf.neg(tf.mean(tf.sum(likelihoods, -1))) as tf.Scalar;
}

/** The loss and the gradient of every weight, by TensorFlow.js. */
export async function lossAndGradients(
  shapes: Readonly<Record<string, readonly number[]>>,
  values: Readonly<Record<string, Float32Array>>,
  loss: (weights: Weights) => tf.Scalar,
): Promise<{ loss: number; gradients: Record<string, Float32Array> }> {
  await tf.setBackend('cpu');
  const names = Object.keys(shapes);
  const inputs = names.map((name) => tf.tensor(values[name] as Float32Array, [...(shapes[name] as number[])]));
  const f = (...tensors: tf.Tensor[]) =>
    loss(Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor])));
  const { value, grads } = tf.valueAndGrads(f)(inputs);
  const gradients = Object.fromEntries(
    names.map((name, i) => [name, (grads[i] as tf.Tensor).dataSync() as Float32Array]),
  );
  return { loss: value.dataSync()[0] as number, gradients };
}
