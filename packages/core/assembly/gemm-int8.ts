/**
 * The quantised linear layer: float32 rows times an int8 weight with one scale a row. Arithmetic is float32 (int8 pays in
 * bytes first); few rows go straight over the stored weight, many go through the packed multiplication.
 */
import { gemmPackedInt8 } from './gemm';
import { horizontalSum, madd } from './simd';

/** Up to so many rows, packing the weight would cost more than using it. */
const DIRECT_ROWS: i32 = 4;

/** C(m,n) (+)= A(m,k) · (diag(scales) · B)ᵀ; B int8 (n,k), scales f32 (n). Strides in elements. */
export function gemmInt8(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: i32,
  b: usize,
  scales: usize,
  c: usize,
  ldc: i32,
  accumulate: i32,
  scratch: usize,
): void {
  if (m > DIRECT_ROWS) {
    gemmPackedInt8(m, n, k, a, lda, b, scales, c, ldc, accumulate, scratch);
    return;
  }
  for (let j = 0; j < n; j++) {
    const scale = f32.load(scales + ((<usize>j) << 2));
    let row = a;
    let to = c + ((<usize>j) << 2);
    for (let i = 0; i < m; i++) {
      const value = dotInt8(k, row, b) * scale;
      f32.store(to, accumulate ? f32.load(to) + value : value);
      row += (<usize>lda) << 2;
      to += (<usize>ldc) << 2;
    }
    b += k;
  }
}

/** Σ x[i]·y[i], x f32, y int8: sixteen elements a step in four accumulators. */
// @ts-ignore: decorator
@inline
function dotInt8(k: i32, x: usize, y: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let p = 0;
  for (; p + 16 <= k; p += 16) {
    const bytes = v128.load(y);
    const low = i16x8.extend_low_i8x16_s(bytes);
    const high = i16x8.extend_high_i8x16_s(bytes);
    s0 = madd(v128.load(x), f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), s0);
    s1 = madd(v128.load(x, 16), f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), s1);
    s2 = madd(v128.load(x, 32), f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), s2);
    s3 = madd(v128.load(x, 48), f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), s3);
    x += 64;
    y += 16;
  }
  let sum = horizontalSum(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (; p < k; p++) {
    sum += f32.load(x) * <f32>load<i8>(y);
    x += 4;
    y += 1;
  }
  return sum;
}
