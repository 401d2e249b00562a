/** Rotary positions (arXiv 2104.09864) from tables of cosines and sines, and the tables. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Arithmetic } from './arithmetic.ts';

/** cos and sin for every row of a projection and every feature of a head, (rows, 1, D) each. */
export interface RotaryTables {
  readonly cos: TensorInfo;
  readonly sin: TensorInfo;
}

/** Host values of the tables: feature i turns by position · theta^(−2(i mod D/2)/D). */
export function rotaryValues(
  positions: Int32Array,
  D: number,
  theta: number,
): { cos: Float32Array; sin: Float32Array } {
  const half = D / 2;
  const cos = new Float32Array(positions.length * D);
  const sin = new Float32Array(positions.length * D);
  const frequencies = Float64Array.from({ length: half }, (_, i) => theta ** (-i / half));
  positions.forEach((position, row) => {
    for (let i = 0; i < D; i++) {
      const angle = position * (frequencies[i % half] as number);
      cos[row * D + i] = Math.cos(angle);
      sin[row * D + i] = Math.sin(angle);
    }
  });
  return { cos, sin };
}

/** Turns x (rows, H, D) by its positions; `sign` −1 turns back. */
export function rotate(tf: Arithmetic, x: TensorInfo, { cos, sin }: RotaryTables, sign: 1 | -1): TensorInfo {
  const half = (x.shape[2] as number) / 2;
  const other = tf.concat([tf.mul(tf.columns(x, half, half), -sign), tf.mul(tf.columns(x, 0, half), sign)], 2);
  return tf.add(tf.mul(x, cos), tf.mul(other, sin));
}
