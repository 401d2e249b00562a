/** Softmax attention and its gradient composed of kernels: every head of every text is one product of a batch. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { AttentionOptions } from '../../ops/ops.ts';
import type { AttentionShape } from '../../ops/shapes.ts';
import type { Arithmetic } from './arithmetic.ts';
import { type RotaryTables, rotate } from './rotary.ts';

/** Query (B, Tq, C), key and value (B, Tk, C), the tables of their rows, and which keys count. */
export interface AttentionInput {
  readonly query: TensorInfo;
  readonly key: TensorInfo;
  readonly value: TensorInfo;
  readonly queryTables: RotaryTables | undefined;
  readonly keyTables: RotaryTables | undefined;
  /** (B, 1, 1, Tk): 0, or −1e9 for padding. */
  readonly mask: TensorInfo | undefined;
}

/** Added to the scores of keys that are padding: their probabilities come out as exactly 0. */
export function paddingMask({ B, Tk }: AttentionShape, { keyLengths }: AttentionOptions): Float32Array | undefined {
  if (!keyLengths) return undefined;
  return Float32Array.from({ length: B * Tk }, (_, i) =>
    i % Tk < (keyLengths[Math.floor(i / Tk)] as number) ? 0 : -1e9,
  );
}

/** (B, T, C) → (B·H, T, D), turned by its positions. */
function heads(
  tf: Arithmetic,
  x: TensorInfo,
  T: number,
  { B, H, D }: AttentionShape,
  tables?: RotaryTables,
): TensorInfo {
  const rows = tf.reshape(x, [B * T, H, D]);
  const turned = tables ? rotate(tf, rows, tables, 1) : rows;
  return tf.reshape(tf.transpose(tf.reshape(turned, [B, T, H, D]), [0, 2, 1, 3]), [B * H, T, D]);
}

/** (B·H, T, D) → (B, T, C), turned back. */
function merged(
  tf: Arithmetic,
  x: TensorInfo,
  T: number,
  { B, H, D, C }: AttentionShape,
  tables?: RotaryTables,
): TensorInfo {
  const rows = tf.reshape(tf.transpose(tf.reshape(x, [B, H, T, D]), [0, 2, 1, 3]), [B * T, H, D]);
  return tf.reshape(tables ? rotate(tf, rows, tables, -1) : rows, [B, T, C]);
}

/** Heads of the inputs and the probabilities (B·H, Tq, Tk). */
function attend(tf: Arithmetic, shape: AttentionShape, input: AttentionInput) {
  const { B, H, Tq, Tk, D } = shape;
  const q = heads(tf, input.query, Tq, shape, input.queryTables);
  const k = heads(tf, input.key, Tk, shape, input.keyTables);
  const v = heads(tf, input.value, Tk, shape);
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D));
  const masked = input.mask ? tf.add(tf.reshape(scores, [B, H, Tq, Tk]), input.mask) : scores;
  return { q, k, v, p: tf.softmax(tf.reshape(masked, [B * H, Tq, Tk])) };
}

/** → (B, Tq, C) */
export function attention(tf: Arithmetic, shape: AttentionShape, input: AttentionInput): TensorInfo {
  const { v, p } = attend(tf, shape, input);
  return merged(tf, tf.matMul(p, v), shape.Tq, shape);
}

/** Gradients of query (B, Tq, C), key and value (B, Tk, C). */
export function attentionBackward(
  tf: Arithmetic,
  shape: AttentionShape,
  input: AttentionInput,
  dy: TensorInfo,
): { query: TensorInfo; key: TensorInfo; value: TensorInfo } {
  const { Tq, Tk, D } = shape;
  const { q, k, v, p } = attend(tf, shape, input);
  const d = heads(tf, dy, Tq, shape);
  const dp = tf.matMul(d, v, false, true); // (B·H, Tq, Tk)
  const along = tf.sum(tf.mul(dp, p), 2);
  const dScores = tf.mul(tf.mul(p, tf.sub(dp, along)), 1 / Math.sqrt(D));
  return {
    query: merged(tf, tf.matMul(dScores, k), Tq, shape, input.queryTables),
    key: merged(tf, tf.matMul(dScores, q, true), Tk, shape, input.keyTables),
    value: merged(tf, tf.matMul(p, d, true), Tk, shape),
  };
}
