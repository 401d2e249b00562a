/**
 * The quantised linear layer in integers: C(m,n) (+)= A(m,k) · (diag(scales) · B)ᵀ, B int8 (n,k).
 *
 * Each row of A becomes 16-bit fixed point with a scale of its own; B is read where it lies. Both run along k, eight products
 * an instruction, and nothing is packed: few rows take half the time that f32 takes, many three quarters. A value of A is off
 * by 2⁻¹⁶ of the row's largest at most, where int8 weights are off by 2⁻⁸ of theirs; the sums are exact.
 *
 *   tile: 2 rows by 4 columns, eight accumulators of four int32, each added up across at the end
 *   scratch: | rows of A, int16, filled up with zeros to a multiple of 16 | their scales, f32 |
 */
import { loadPart, ROUNDER, ROUNDER_BITS, storePart } from './math';

/** Depth of a block: so many products, each of 127 · 32767 at most, add up below 2³¹. */
const KC: i32 = 512;
/** The int16 of as many rows of A as stay in the caches while all of B runs past them; gemmScratchBytes() is more. */
const BLOCK_BYTES: usize = 65536;
const MAX_ROWS: usize = 256;
const LARGEST: f32 = 32767;
/** A row whose values are all smaller counts as zeros: the inverse of its scale would overflow. */
const LEAST: f32 = 1e-30;

/**
 * C(m,n) (+)= A(m,k) · (diag(scales) · B)ᵀ with B int8 (n,k) without padding and one f32 scale a row. `lda` and `ldc` are row
 * strides in elements. Up to 15 bytes after B's end are read, and count for nothing.
 */
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
  const scalesOfA = scratch + BLOCK_BYTES;
  const strideA = (<usize>lda) << 2;
  const strideC = (<usize>ldc) << 2;
  let p = 0;
  do {
    const depth = min(KC, k - p);
    const steps = (depth + 15) >> 4;
    const rowBytes = (<usize>steps) << 5;
    const block = <i32>min<usize>(BLOCK_BYTES / max<usize>(rowBytes, 1), MAX_ROWS);
    for (let i = 0; i < m; i += block) {
      const rows = min(block, m - i);
      const from = a + <usize>i * strideA + ((<usize>p) << 2);
      for (let r: usize = 0; r < <usize>rows; r++) {
        f32.store(scalesOfA + (r << 2), fixRow(depth, from + r * strideA, scratch + r * rowBytes));
      }
      for (let j = 0; j < n; j += 4) {
        const columns = min(4, n - j);
        // Columns that are not there are the last one again, and not written.
        const b0 = b + <usize>j * <usize>k + <usize>p;
        const b1 = columns > 1 ? b0 + <usize>k : b0;
        const b2 = columns > 2 ? b1 + <usize>k : b1;
        const b3 = columns > 3 ? b2 + <usize>k : b2;
        const scalesAt = scales + ((<usize>j) << 2);
        const scale = columns == 4 ? v128.load(scalesAt) : loadPart(scalesAt, columns);
        let to = c + <usize>i * strideC + ((<usize>j) << 2);
        for (let r = 0; r < rows; r += 2) {
          const a0 = scratch + <usize>r * rowBytes;
          const at = scalesOfA + ((<usize>r) << 2);
          if (r + 1 < rows) {
            tile(steps, a0, a0 + rowBytes, b0, b1, b2, b3, at, scale, columns, to, to + strideC, accumulate);
          } else row(steps, a0, b0, b1, b2, b3, at, scale, columns, to, accumulate);
          to += strideC << 1;
        }
      }
    }
    p += KC;
    accumulate = 1;
  } while (p < k);
}

/** k values of a row of A as int16; returns the scale that takes them back. */
function fixRow(k: i32, x: usize, to: usize): f32 {
  let largest = f32x4.splat(0);
  let p = 0;
  for (; p + 4 <= k; p += 4) largest = f32x4.max(largest, f32x4.abs(v128.load(x + ((<usize>p) << 2))));
  if (p < k) largest = f32x4.max(largest, f32x4.abs(loadPart(x + ((<usize>p) << 2), k - p)));
  const pairs = f32x4.max(largest, v128.shuffle<f32>(largest, largest, 2, 3, 0, 1));
  const most = max<f32>(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
  const factor: f32 = most < LEAST ? 0 : LARGEST / most;
  const factors = f32x4.splat(factor);
  for (p = 0; p + 8 <= k; p += 8) {
    const low = nearest4(f32x4.mul(v128.load(x), factors));
    const high = nearest4(f32x4.mul(v128.load(x, 16), factors));
    v128.store(to, i16x8.narrow_i32x4_s(low, high));
    x += 32;
    to += 16;
  }
  for (; p & 15 || p < k; p++) {
    i32.store16(to, p < k ? <i32>nearest<f32>(f32.load(x) * factor) : 0);
    x += 4;
    to += 2;
  }
  return most < LEAST ? 0 : most / LARGEST;
}

/** The nearest integers of four floats within ±2²². */
// @ts-ignore: decorator
@inline
function nearest4(x: v128): v128 {
  return i32x4.sub(f32x4.add(x, f32x4.splat(ROUNDER)), i32x4.splat(ROUNDER_BITS));
}

/** sum + x·low + z·high, by pairs; one after the other, which engines turn into the fewest moves. */
// @ts-ignore: decorator
@inline
function add2(sum: v128, x: v128, low: v128, z: v128, high: v128): v128 {
  return i32x4.add(i32x4.add(sum, i32x4.dot_i16x8_s(x, low)), i32x4.dot_i16x8_s(z, high));
}

// @ts-ignore: decorator
@inline
function tile(
  steps: i32,
  a0: usize,
  a1: usize,
  b0: usize,
  b1: usize,
  b2: usize,
  b3: usize,
  scaleOfA: usize,
  scale: v128,
  columns: i32,
  c0: usize,
  c1: usize,
  accumulate: i32,
): void {
  let s00 = i32x4.splat(0);
  let s01 = s00;
  let s02 = s00;
  let s03 = s00;
  let s10 = s00;
  let s11 = s00;
  let s12 = s00;
  let s13 = s00;
  for (let p = 0; p < steps; p++) {
    const x0 = v128.load(a0);
    const z0 = v128.load(a0, 16);
    const x1 = v128.load(a1);
    const z1 = v128.load(a1, 16);
    let bytes = v128.load(b0);
    let low = i16x8.extend_low_i8x16_s(bytes);
    let high = i16x8.extend_high_i8x16_s(bytes);
    s00 = add2(s00, x0, low, z0, high);
    s10 = add2(s10, x1, low, z1, high);
    bytes = v128.load(b1);
    low = i16x8.extend_low_i8x16_s(bytes);
    high = i16x8.extend_high_i8x16_s(bytes);
    s01 = add2(s01, x0, low, z0, high);
    s11 = add2(s11, x1, low, z1, high);
    bytes = v128.load(b2);
    low = i16x8.extend_low_i8x16_s(bytes);
    high = i16x8.extend_high_i8x16_s(bytes);
    s02 = add2(s02, x0, low, z0, high);
    s12 = add2(s12, x1, low, z1, high);
    bytes = v128.load(b3);
    low = i16x8.extend_low_i8x16_s(bytes);
    high = i16x8.extend_high_i8x16_s(bytes);
    s03 = add2(s03, x0, low, z0, high);
    s13 = add2(s13, x1, low, z1, high);
    a0 += 32;
    a1 += 32;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  put(across(s00, s01, s02, s03), v128.load32_splat(scaleOfA), scale, columns, c0, accumulate);
  put(across(s10, s11, s12, s13), v128.load32_splat(scaleOfA, 4), scale, columns, c1, accumulate);
}

/** One row of A: the last of an odd number, or all there is. */
// @ts-ignore: decorator
@inline
function row(
  steps: i32,
  a: usize,
  b0: usize,
  b1: usize,
  b2: usize,
  b3: usize,
  scaleOfA: usize,
  scale: v128,
  columns: i32,
  c: usize,
  accumulate: i32,
): void {
  let s0 = i32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (let p = 0; p < steps; p++) {
    const x = v128.load(a);
    const z = v128.load(a, 16);
    let bytes = v128.load(b0);
    s0 = add2(s0, x, i16x8.extend_low_i8x16_s(bytes), z, i16x8.extend_high_i8x16_s(bytes));
    bytes = v128.load(b1);
    s1 = add2(s1, x, i16x8.extend_low_i8x16_s(bytes), z, i16x8.extend_high_i8x16_s(bytes));
    bytes = v128.load(b2);
    s2 = add2(s2, x, i16x8.extend_low_i8x16_s(bytes), z, i16x8.extend_high_i8x16_s(bytes));
    bytes = v128.load(b3);
    s3 = add2(s3, x, i16x8.extend_low_i8x16_s(bytes), z, i16x8.extend_high_i8x16_s(bytes));
    a += 32;
    b0 += 16;
    b1 += 16;
    b2 += 16;
    b3 += 16;
  }
  put(across(s0, s1, s2, s3), v128.load32_splat(scaleOfA), scale, columns, c, accumulate);
}

/** The sums across each of four vectors, as one. */
// @ts-ignore: decorator
@inline
function across(s0: v128, s1: v128, s2: v128, s3: v128): v128 {
  const low = i32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7));
  const high = i32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(low, high, 0, 1, 4, 5), v128.shuffle<i32>(low, high, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline
function put(sums: v128, scaleOfA: v128, scale: v128, columns: i32, c: usize, accumulate: i32): void {
  const value = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sums), scaleOfA), scale);
  if (columns == 4) v128.store(c, accumulate ? f32x4.add(v128.load(c), value) : value);
  else storePart(c, accumulate ? f32x4.add(loadPart(c, columns), value) : value, columns);
}
