/**
 * Few rows times a transposed matrix, without packing: each row of B is read once, where it lies, and multiplied with one
 * or two rows of A. Decoding a gap or two is bound by reading the weights, and packing would read and write them again.
 */
import { horizontalSum, madd } from './simd';

/** Up to so many rows the direct way is faster than the packed one. */
export const DIRECT_ROWS: i32 = 8;

/** C(m,n) (+)= A(m,k) · Bᵀ; B (n,k). Strides in elements. */
export function multiplyFewRows(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  c: usize,
  ldc: i32,
  accumulate: i32,
): void {
  const rowA = (<usize>lda) << 2;
  const rowC = (<usize>ldc) << 2;
  for (let j = 0; j < n; j++) {
    let from = a;
    let to = c + ((<usize>j) << 2);
    let i = 0;
    for (; i + 2 <= m; i += 2) {
      const both = dotPair(k, from, from + rowA, b);
      put(to, f32x4.extract_lane(both, 0), accumulate);
      put(to + rowC, f32x4.extract_lane(both, 1), accumulate);
      from += rowA << 1;
      to += rowC << 1;
    }
    if (i < m) put(to, dot(k, from, b), accumulate);
    b += (<usize>ldb) << 2;
  }
}

// @ts-ignore: decorator
@inline
function put(to: usize, value: f32, accumulate: i32): void {
  f32.store(to, accumulate ? f32.load(to) + value : value);
}

/** Σ x[p]·y[p]: sixteen elements a step in four accumulators. */
// @ts-ignore: decorator
@inline
function dot(k: i32, x: usize, y: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let p = 0;
  for (; p + 16 <= k; p += 16) {
    s0 = madd(v128.load(x), v128.load(y), s0);
    s1 = madd(v128.load(x, 16), v128.load(y, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(y, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(y, 48), s3);
    x += 64;
    y += 64;
  }
  let sum = horizontalSum(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; p < k; p++) {
    sum += f32.load(x) * f32.load(y);
    x += 4;
    y += 4;
  }
  return sum;
}

/** Two rows of A against one of B: lane 0 is the dot product with `x`, lane 1 with `z`. */
// @ts-ignore: decorator
@inline
function dotPair(k: i32, x: usize, z: usize, y: usize): v128 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let t0 = s0;
  let t1 = s0;
  let t2 = s0;
  let t3 = s0;
  let p = 0;
  for (; p + 16 <= k; p += 16) {
    let q = v128.load(y);
    s0 = madd(v128.load(x), q, s0);
    t0 = madd(v128.load(z), q, t0);
    q = v128.load(y, 16);
    s1 = madd(v128.load(x, 16), q, s1);
    t1 = madd(v128.load(z, 16), q, t1);
    q = v128.load(y, 32);
    s2 = madd(v128.load(x, 32), q, s2);
    t2 = madd(v128.load(z, 32), q, t2);
    q = v128.load(y, 48);
    s3 = madd(v128.load(x, 48), q, s3);
    t3 = madd(v128.load(z, 48), q, t3);
    x += 64;
    z += 64;
    y += 64;
  }
  let sumX = horizontalSum(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  let sumZ = horizontalSum(f32x4.add(f32x4.add(t0, t1), f32x4.add(t2, t3)));
  for (; p < k; p++) {
    const value = f32.load(y);
    sumX += f32.load(x) * value;
    sumZ += f32.load(z) * value;
    x += 4;
    z += 4;
    y += 4;
  }
  return f32x4.replace_lane(f32x4.splat(sumX), 1, sumZ);
}
