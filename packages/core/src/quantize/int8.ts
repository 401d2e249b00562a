/**
 * Int8 weights: each row of a matrix as whole numbers in [−127, 127] times one float32 scale, symmetric about zero.
 *
 *     scale = max |row| / 127      q = round(w / scale)      ŵ = q · scale,  |w − ŵ| ≤ scale / 2
 *
 * Matrices, the embedding among them, are quantised; norms and biases stay float32. Stands between training and the
 * artifact. Source: per-channel symmetric weights, arXiv 1806.08342 §3.1.
 */
import { expectShape, type Shape, sizeOf } from '../tensor/tensor.ts';

/** A matrix (O, I) as int8 values and one scale a row. */
export interface QuantizedMatrix {
  readonly shape: Shape;
  readonly values: Int8Array;
  /** (O) */
  readonly scales: Float32Array;
}

const LEVELS = 127;

/** Whether the tensor of this shape is stored as int8: matrices are. */
export function isQuantized(shape: Shape): boolean {
  return shape.length === 2;
}

/** Bytes of a tensor as it is stored, its scales included: as int8 where it is a matrix, or as float32. */
export function storedBytes(shape: Shape, asInt8: boolean): number {
  return asInt8 && isQuantized(shape) ? sizeOf(shape) + 4 * (shape[0] ?? 0) : 4 * sizeOf(shape);
}

/** Quantises a matrix (O, I) row by row. A row of zeros has the scale 0. */
export function quantizeRows(matrix: Float32Array, shape: Shape): QuantizedMatrix {
  expectShape('quantizeRows', 'matrix', shape, [-1, -1]);
  expectShape('quantizeRows', 'values', [matrix.length], [sizeOf(shape)]);
  const [rows = 0, columns = 0] = shape;
  const values = new Int8Array(matrix.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let largest = 0;
    for (let i = start; i < start + columns; i++) largest = Math.max(largest, Math.abs(matrix[i] as number));
    // Rounded to float32 first, so that the quotient uses the very scale that the reader will multiply by.
    const scale = Math.fround(largest / LEVELS);
    scales[row] = scale;
    if (scale === 0) continue;
    for (let i = start; i < start + columns; i++) {
      values[i] = Math.max(-LEVELS, Math.min(LEVELS, Math.round((matrix[i] as number) / scale)));
    }
  }
  return { shape, values, scales };
}

/** The float32 matrix that the int8 one stands for. */
export function dequantizeRows({ shape, values, scales }: QuantizedMatrix): Float32Array {
  const columns = shape[1] ?? 1;
  return Float32Array.from(values, (value, i) => value * (scales[Math.floor(i / columns)] as number));
}
