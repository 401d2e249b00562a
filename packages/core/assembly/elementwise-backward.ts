/** Vector-Jacobian products of the elementwise ops. */
import { bell4, loadPart, normalCdf4, storePart, tanh4 } from './math';
import { madd } from './simd';

// @ts-ignore: decorator
@inline
const INVERSE_SQRT_2PI: f32 = 0.3989422804014327;

/** Φ(x) + x·φ(x) */
// @ts-ignore: decorator
@inline
function geluSlope4(x: v128, cdf: v128, bell: v128): v128 {
  return madd(f32x4.mul(x, f32x4.splat(INVERSE_SQRT_2PI)), bell, cdf);
}

// @ts-ignore: decorator
@inline
function geluBackward4(dy: v128, x: v128): v128 {
  const bell = bell4(x);
  return f32x4.mul(dy, geluSlope4(x, normalCdf4(x, bell), bell));
}

/** dx = dy · (Φ(x) + x·φ(x)) */
export function geluBackward(n: i32, dy: usize, x: usize, dx: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(dx, geluBackward4(v128.load(dy), v128.load(x)));
    dy += 16;
    x += 16;
    dx += 16;
  }
  if (i < n) storePart(dx, geluBackward4(loadPart(dy, n - i), loadPart(x, n - i)), n - i);
}

/** dx (rows, 2F) from dy (rows, F) and x (rows, 2F). */
export function gegluBackward(rows: i32, F: i32, dy: usize, x: usize, dx: usize): void {
  const half = (<usize>F) << 2;
  for (let r = 0; r < rows; r++) {
    let i = 0;
    for (; i + 4 <= F; i += 4) {
      const a = v128.load(x);
      const d = v128.load(dy);
      const bell = bell4(a);
      const cdf = normalCdf4(a, bell);
      v128.store(dx, f32x4.mul(f32x4.mul(d, v128.load(x + half)), geluSlope4(a, cdf, bell)));
      v128.store(dx + half, f32x4.mul(d, f32x4.mul(a, cdf)));
      x += 16;
      dy += 16;
      dx += 16;
    }
    if (i < F) {
      const left = F - i;
      const a = loadPart(x, left);
      const d = loadPart(dy, left);
      const bell = bell4(a);
      const cdf = normalCdf4(a, bell);
      storePart(dx, f32x4.mul(f32x4.mul(d, loadPart(x + half, left)), geluSlope4(a, cdf, bell)), left);
      storePart(dx + half, f32x4.mul(d, f32x4.mul(a, cdf)), left);
      x += (<usize>left) << 2;
      dy += (<usize>left) << 2;
      dx += (<usize>left) << 2;
    }
    x += half;
    dx += half;
  }
}

// @ts-ignore: decorator
@inline
function tanhBackward4(dy: v128, x: v128): v128 {
  const y = tanh4(x);
  return f32x4.mul(dy, f32x4.sub(f32x4.splat(1), f32x4.mul(y, y)));
}

/** dx = dy · (1 − tanh² x) */
export function tanhBackward(n: i32, dy: usize, x: usize, dx: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(dx, tanhBackward4(v128.load(dy), v128.load(x)));
    dy += 16;
    x += 16;
    dx += 16;
  }
  if (i < n) storePart(dx, tanhBackward4(loadPart(dy, n - i), loadPart(x, n - i)), n - i);
}

/** into (columns) += the sum of the rows of dy: a bias's gradient. */
export function columnSums(rows: i32, columns: i32, dy: usize, into: usize): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++) {
    let i = 0;
    let to = into;
    for (; i + 4 <= columns; i += 4) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(dy)));
      to += 16;
      dy += 16;
    }
    if (i < columns) {
      const left = columns - i;
      storePart(to, f32x4.add(loadPart(to, left), loadPart(dy, left)), left);
      dy += bytes & 15;
    }
  }
}
