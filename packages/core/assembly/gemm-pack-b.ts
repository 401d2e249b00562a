/**
 * Packing B: copies blocks of it into the panels that the register tile reads in order, transposing and dequantising on
 * the way where the matrix is stored like that. Columns that are not there become zeros.
 */
import { PACKED_STEP_B, TILE_N } from './gemm-tile';

/**
 * Packs B(k,n), stored (k,n) with row stride `ldb`, into panels of 8 columns: [⌈n/8⌉][k][8]. Four panels at a time, so that
 * whole cache lines are read even when the rows lie a page apart.
 */
export function packRowsOfB(k: i32, n: i32, b: usize, ldb: i32, to: usize): void {
  const row = (<usize>ldb) << 2;
  const panel = <usize>k * PACKED_STEP_B;
  let j = 0;
  for (; j + 4 * TILE_N <= n; j += 4 * TILE_N) {
    let from = b + ((<usize>j) << 2);
    let to0 = to;
    let to1 = to0 + panel;
    let to2 = to1 + panel;
    let to3 = to2 + panel;
    for (let p = 0; p < k; p++) {
      v128.store(to0, v128.load(from));
      v128.store(to0, v128.load(from, 16), 16);
      v128.store(to1, v128.load(from, 32));
      v128.store(to1, v128.load(from, 48), 16);
      v128.store(to2, v128.load(from, 64));
      v128.store(to2, v128.load(from, 80), 16);
      v128.store(to3, v128.load(from, 96));
      v128.store(to3, v128.load(from, 112), 16);
      from += row;
      to0 += PACKED_STEP_B;
      to1 += PACKED_STEP_B;
      to2 += PACKED_STEP_B;
      to3 += PACKED_STEP_B;
    }
    to += panel << 2;
  }
  for (; j < n; j += TILE_N) {
    const columns = min(TILE_N, n - j);
    let from = b + ((<usize>j) << 2);
    for (let p = 0; p < k; p++) {
      if (columns == TILE_N) {
        v128.store(to, v128.load(from));
        v128.store(to, v128.load(from, 16), 16);
      } else {
        for (let s = 0; s < TILE_N; s++) {
          f32.store(to + ((<usize>s) << 2), s < columns ? f32.load(from + ((<usize>s) << 2)) : 0);
        }
      }
      from += row;
      to += PACKED_STEP_B;
    }
  }
}

/**
 * Packs B(k,n), stored transposed (n,k) with row stride `ldb`, into panels of 8 columns. `T` is f32, or i8 with one
 * scale a stored row, which is multiplied in.
 */
export function packColumnsOfB<T>(k: i32, n: i32, b: usize, ldb: i32, scales: usize, to: usize): void {
  const row = <usize>ldb * sizeof<T>();
  for (let j = 0; j < n; j += TILE_N) {
    const columns = min(TILE_N, n - j);
    const from = b + <usize>j * row;
    const panel = to + ((<usize>j * <usize>k) << 2);
    let s = 0;
    for (; s + 4 <= columns; s += 4) {
      packFourRows<T>(k, from + <usize>s * row, row, scales + ((<usize>(j + s)) << 2), panel + ((<usize>s) << 2));
    }
    for (; s < TILE_N; s++) {
      const source = from + <usize>s * row;
      let scale: f32 = 1;
      if (sizeof<T>() == 1) scale = s < columns ? f32.load(scales + ((<usize>(j + s)) << 2)) : 0;
      let target = panel + ((<usize>s) << 2);
      for (let p = 0; p < k; p++) {
        f32.store(target, s < columns ? <f32>load<T>(source + <usize>p * sizeof<T>()) * scale : 0);
        target += 32;
      }
    }
  }
}

/** Four consecutive elements of a stored row as f32, dequantised when they are int8. */
// @ts-ignore: decorator
@inline
function load4<T>(from: usize, scale: v128): v128 {
  if (sizeof<T>() == 4) return v128.load(from);
  const halves = i16x8.extend_low_i8x16_s(v128.load32_zero(from));
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(halves)), scale);
}

/** Elements 4·index … 4·index + 3 of sixteen int8 as f32, dequantised. */
// @ts-ignore: decorator
@inline
function quarter(bytes: v128, index: i32, scale: v128): v128 {
  const half = index < 2 ? i16x8.extend_low_i8x16_s(bytes) : i16x8.extend_high_i8x16_s(bytes);
  const whole = index & 1 ? i32x4.extend_high_i16x8_s(half) : i32x4.extend_low_i16x8_s(half);
  return f32x4.mul(f32x4.convert_i32x4_s(whole), scale);
}

/** Four elements of four rows, transposed into four rows of a panel of B, of which they are one half. */
// @ts-ignore: decorator
@inline
function storeTransposed(x0: v128, x1: v128, x2: v128, x3: v128, to: usize): void {
  const lo01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
  const hi01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
  const lo23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
  const hi23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(lo01, lo23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(lo01, lo23, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(hi01, hi23, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(hi01, hi23, 2, 3, 6, 7), 96);
}

/** Four stored rows of k elements, transposed to [k][4 of 8]. */
// @ts-ignore: decorator
@inline
function packFourRows<T>(k: i32, r0: usize, row: usize, scales: usize, to: usize): void {
  let r1 = r0 + row;
  let r2 = r1 + row;
  let r3 = r2 + row;
  let s0 = f32x4.splat(1);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  if (sizeof<T>() == 1) {
    s0 = v128.load32_splat(scales);
    s1 = v128.load32_splat(scales, 4);
    s2 = v128.load32_splat(scales, 8);
    s3 = v128.load32_splat(scales, 12);
  }
  let p = 0;
  if (sizeof<T>() == 1) {
    for (; p + 16 <= k; p += 16) {
      const y0 = v128.load(r0);
      const y1 = v128.load(r1);
      const y2 = v128.load(r2);
      const y3 = v128.load(r3);
      storeTransposed(quarter(y0, 0, s0), quarter(y1, 0, s1), quarter(y2, 0, s2), quarter(y3, 0, s3), to);
      storeTransposed(quarter(y0, 1, s0), quarter(y1, 1, s1), quarter(y2, 1, s2), quarter(y3, 1, s3), to + 128);
      storeTransposed(quarter(y0, 2, s0), quarter(y1, 2, s1), quarter(y2, 2, s2), quarter(y3, 2, s3), to + 256);
      storeTransposed(quarter(y0, 3, s0), quarter(y1, 3, s1), quarter(y2, 3, s2), quarter(y3, 3, s3), to + 384);
      r0 += 16;
      r1 += 16;
      r2 += 16;
      r3 += 16;
      to += 512;
    }
  }
  for (; p + 4 <= k; p += 4) {
    storeTransposed(load4<T>(r0, s0), load4<T>(r1, s1), load4<T>(r2, s2), load4<T>(r3, s3), to);
    r0 += 4 * sizeof<T>();
    r1 += 4 * sizeof<T>();
    r2 += 4 * sizeof<T>();
    r3 += 4 * sizeof<T>();
    to += 128;
  }
  for (; p < k; p++) {
    f32.store(to, <f32>load<T>(r0) * f32x4.extract_lane(s0, 0));
    f32.store(to, <f32>load<T>(r1) * f32x4.extract_lane(s1, 0), 4);
    f32.store(to, <f32>load<T>(r2) * f32x4.extract_lane(s2, 0), 8);
    f32.store(to, <f32>load<T>(r3) * f32x4.extract_lane(s3, 0), 12);
    r0 += sizeof<T>();
    r1 += sizeof<T>();
    r2 += sizeof<T>();
    r3 += sizeof<T>();
    to += 32;
  }
}
