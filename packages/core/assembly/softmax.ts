/** Exponentials of a row: maximum, sum and softmax. Rows may end anywhere; up to 3 floats after their end are written. */
import { exp4 } from './math';
import { horizontalSum } from './simd';

/** Stands for −∞: exp4 takes it to 10⁻³⁸. */
export const MINUS_INFINITY: f32 = -1e30;

/** Fills up the row's last vector, so that it can be read whole. The row's stride must be a multiple of 4. */
// @ts-ignore: decorator
@inline
export function padRow(n: i32, x: usize): void {
  for (let i = n; i & 3; i++) f32.store(x + ((<usize>i) << 2), MINUS_INFINITY);
}

/** The largest of a padded row. */
export function rowMax(n: i32, x: usize): f32 {
  let most = f32x4.splat(MINUS_INFINITY);
  for (let i = 0; i < n; i += 4) {
    most = f32x4.max(most, v128.load(x));
    x += 16;
  }
  const pairs = f32x4.max(most, v128.shuffle<f32>(most, most, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** Σ exp(factor · (x − most)) of a padded row. */
export function sumOfExponentials(n: i32, x: usize, most: f32, factor: f32): f32 {
  const mosts = f32x4.splat(most);
  const factors = f32x4.splat(factor);
  let sum = f32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    sum = f32x4.add(sum, exp4(f32x4.mul(f32x4.sub(v128.load(x), mosts), factors)));
    x += 16;
  }
  return horizontalSum(sum);
}

/** x = softmax(x) in place; pads the row itself. */
export function softmaxRow(n: i32, x: usize): void {
  padRow(n, x);
  const mosts = f32x4.splat(rowMax(n, x));
  let sum = f32x4.splat(0);
  const bytes = (<usize>((n + 3) & ~3)) << 2;
  for (let at = x; at < x + bytes; at += 16) {
    const e = exp4(f32x4.sub(v128.load(at), mosts));
    v128.store(at, e);
    sum = f32x4.add(sum, e);
  }
  const inverse = f32x4.splat(<f32>1 / horizontalSum(sum));
  for (let at = x; at < x + bytes; at += 16) v128.store(at, f32x4.mul(v128.load(at), inverse));
}
