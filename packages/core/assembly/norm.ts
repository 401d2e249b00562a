/** Layer norm and RMS norm over the rows of x (rows, C). */
import { loadPart, storePart } from './math';
import { horizontalSum, madd } from './simd';

/** Σ (x − mean)² of a row of C values. */
// @ts-ignore: decorator
@inline
export function squaredDeviation(C: i32, x: usize, mean: f32): f32 {
  const means = f32x4.splat(mean);
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= C; i += 4) {
    const d = f32x4.sub(v128.load(x), means);
    sum = madd(d, d, sum);
    x += 16;
  }
  let total = horizontalSum(sum);
  for (; i < C; i++) {
    const d = f32.load(x) - mean;
    total += d * d;
    x += 4;
  }
  return total;
}

/** The mean of a row of C values. */
// @ts-ignore: decorator
@inline
export function rowMean(C: i32, x: usize): f32 {
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= C; i += 4) {
    sum = f32x4.add(sum, v128.load(x));
    x += 16;
  }
  let total = horizontalSum(sum);
  for (; i < C; i++) {
    total += f32.load(x);
    x += 4;
  }
  return total / <f32>C;
}

/** to = (x − mean)·inverse·weight (+ bias, unless 0) for one row. */
// @ts-ignore: decorator
@inline
function normalise(C: i32, x: usize, mean: f32, inverse: f32, weight: usize, bias: usize, to: usize): void {
  const means = f32x4.splat(mean);
  const inverses = f32x4.splat(inverse);
  let i = 0;
  for (; i + 4 <= C; i += 4) {
    const offset = (<usize>i) << 2;
    const y = f32x4.mul(f32x4.mul(f32x4.sub(v128.load(x + offset), means), inverses), v128.load(weight + offset));
    v128.store(to + offset, bias ? f32x4.add(y, v128.load(bias + offset)) : y);
  }
  if (i < C) {
    const offset = (<usize>i) << 2;
    const left = C - i;
    const centred = f32x4.sub(loadPart(x + offset, left), means);
    const y = f32x4.mul(f32x4.mul(centred, inverses), loadPart(weight + offset, left));
    storePart(to + offset, bias ? f32x4.add(y, loadPart(bias + offset, left)) : y, left);
  }
}

/** to = x/√(mean(x²) + eps) · weight */
export function rmsNorm(rows: i32, C: i32, x: usize, weight: usize, eps: f32, to: usize): void {
  const bytes = (<usize>C) << 2;
  for (let r = 0; r < rows; r++) {
    const inverse = <f32>1 / sqrt<f32>(squaredDeviation(C, x, 0) / <f32>C + eps);
    normalise(C, x, 0, inverse, weight, 0, to);
    x += bytes;
    to += bytes;
  }
}

/** to = (x − mean)/√(var + eps) · weight + bias; `bias` 0 for none. */
export function layerNorm(rows: i32, C: i32, x: usize, weight: usize, bias: usize, eps: f32, to: usize): void {
  const bytes = (<usize>C) << 2;
  for (let r = 0; r < rows; r++) {
    const mean = rowMean(C, x);
    const inverse = <f32>1 / sqrt<f32>(squaredDeviation(C, x, mean) / <f32>C + eps);
    normalise(C, x, mean, inverse, weight, bias, to);
    x += bytes;
    to += bytes;
  }
}
