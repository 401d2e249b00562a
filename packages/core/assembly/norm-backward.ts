/**
 * Gradients of the norms. With x̂ = (x − mean)·r, r the inverse deviation, and g = dy ∘ weight:
 *   dx = r · (g − mean(g) − x̂ · mean(g ∘ x̂)), weight += Σ dy ∘ x̂, bias += Σ dy.
 * RMS norm is the same with no mean taken away on either side.
 */
import { loadPart, storePart } from './math';
import { rowMean, squaredDeviation } from './norm';
import { horizontalSum, madd } from './simd';

/** `dWeight` 0: frozen. dx may not overlap the inputs. */
export function rmsNormBackward(
  rows: i32,
  C: i32,
  dy: usize,
  x: usize,
  weight: usize,
  eps: f32,
  dx: usize,
  dWeight: usize,
): void {
  const bytes = (<usize>C) << 2;
  for (let r = 0; r < rows; r++) {
    const inverse = <f32>1 / sqrt<f32>(squaredDeviation(C, x, 0) / <f32>C + eps);
    backwardRow(C, dy, x, 0, inverse, weight, 0, dx, dWeight);
    dy += bytes;
    x += bytes;
    dx += bytes;
  }
}

/** `dWeight`, `dBias` 0: frozen. */
export function layerNormBackward(
  rows: i32,
  C: i32,
  dy: usize,
  x: usize,
  weight: usize,
  eps: f32,
  dx: usize,
  dWeight: usize,
): void {
  const bytes = (<usize>C) << 2;
  for (let r = 0; r < rows; r++) {
    const mean = rowMean(C, x);
    const inverse = <f32>1 / sqrt<f32>(squaredDeviation(C, x, mean) / <f32>C + eps);
    let sum: f32 = 0;
    for (let i = 0; i < C; i++) sum += f32.load(dy + ((<usize>i) << 2)) * f32.load(weight + ((<usize>i) << 2));
    backwardRow(C, dy, x, mean, inverse, weight, sum / <f32>C, dx, dWeight);
    dy += bytes;
    x += bytes;
    dx += bytes;
  }
}

function backwardRow(
  C: i32,
  dy: usize,
  x: usize,
  mean: f32,
  inverse: f32,
  weight: usize,
  gradientMean: f32,
  dx: usize,
  dWeight: usize,
): void {
  const means = f32x4.splat(mean);
  const inverses = f32x4.splat(inverse);
  let dot = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= C; i += 4) {
    const offset = (<usize>i) << 2;
    const normed = f32x4.mul(f32x4.sub(v128.load(x + offset), means), inverses);
    const d = f32x4.mul(v128.load(dy + offset), normed);
    dot = madd(d, v128.load(weight + offset), dot);
    if (dWeight) v128.store(dWeight + offset, f32x4.add(v128.load(dWeight + offset), d));
  }
  let total = horizontalSum(dot);
  for (; i < C; i++) {
    const offset = (<usize>i) << 2;
    const d = f32.load(dy + offset) * ((f32.load(x + offset) - mean) * inverse);
    total += d * f32.load(weight + offset);
    if (dWeight) f32.store(dWeight + offset, f32.load(dWeight + offset) + d);
  }
  const slope = f32x4.splat((total / <f32>C) * inverse);
  const shift = f32x4.splat(gradientMean);
  i = 0;
  for (; i + 4 <= C; i += 4) {
    const offset = (<usize>i) << 2;
    const g = f32x4.sub(f32x4.mul(v128.load(dy + offset), v128.load(weight + offset)), shift);
    const along = f32x4.mul(f32x4.sub(v128.load(x + offset), means), slope);
    v128.store(dx + offset, f32x4.mul(f32x4.sub(g, along), inverses));
  }
  if (i < C) {
    const offset = (<usize>i) << 2;
    const left = C - i;
    const g = f32x4.sub(f32x4.mul(loadPart(dy + offset, left), loadPart(weight + offset, left)), shift);
    const along = f32x4.mul(f32x4.sub(loadPart(x + offset, left), means), slope);
    storePart(dx + offset, f32x4.mul(f32x4.sub(g, along), inverses), left);
  }
}
