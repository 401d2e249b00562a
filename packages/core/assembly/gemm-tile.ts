/**
 * The register tile of matrix multiplication: 6 rows by 8 columns of C in twelve vector registers; at the edge 4 by 8.
 *
 *   packed A, one panel (6 rows)      packed B, one panel (8 columns)
 *   k=0: a0 a1 a2 a3 a4 a5            k=0: b0 b1 b2 b3 b4 b5 b6 b7
 *   k=1: a0 a1 a2 a3 a4 a5            k=1: b0 …
 *
 * Each step of k loads one row of either panel and does 12 vector multiply-adds: 12 accumulators, 2 columns of B and a
 * broadcast fill the 15 vector registers that engines leave free on x86-64.
 *
 * workerd checks the bounds of every access in software, so there a load costs more than a multiply-add. The edge's tile
 * loads its four elements of A at once and spreads them by shuffles: 3 loads for 8 multiply-adds, not 8 for 12. Its
 * batches are small, too, and four rows leave fewer of a tile empty. Two steps of k at a time were slower.
 */
import { madd } from './simd';

/** Rows of C a tile. */
export const TILE_M: i32 = isDefined(EDGE_BUILD) ? 4 : 6;
/** Columns of C a tile. */
export const TILE_N: i32 = 8;
/** Bytes from one step of k to the next in a packed panel of A. */
export const PACKED_STEP_A: usize = (<usize>TILE_M) << 2;
/** The same of B. */
export const PACKED_STEP_B: usize = 32;

/**
 * C(TILE_M,8) (+)= A panel · B panel over `k` steps, which lie `stepA` and `stepB` bytes apart: PACKED_STEP_A and _B when
 * packed, a row of the matrix when it is read where it is. `ldc` is C's row stride in elements.
 */
// @ts-ignore: decorator
@inline
export function tile(
  k: i32,
  ap: usize,
  stepA: usize,
  bp: usize,
  stepB: usize,
  c: usize,
  ldc: i32,
  accumulate: i32,
): void {
  if (TILE_M == 4) tileOfFour(k, ap, stepA, bp, stepB, c, ldc, accumulate);
  else tileOfSix(k, ap, stepA, bp, stepB, c, ldc, accumulate);
}

function tileOfFour(
  k: i32,
  ap: usize,
  stepA: usize,
  bp: usize,
  stepB: usize,
  c: usize,
  ldc: i32,
  accumulate: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  for (let p = 0; p < k; p++) {
    const a = v128.load(ap);
    const b0 = v128.load(bp);
    const b1 = v128.load(bp, 16);
    const a0 = v128.shuffle<f32>(a, a, 0, 0, 0, 0);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.shuffle<f32>(a, a, 1, 1, 1, 1);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.shuffle<f32>(a, a, 2, 2, 2, 2);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.shuffle<f32>(a, a, 3, 3, 3, 3);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    ap += stepA;
    bp += stepB;
  }
  const row = (<usize>ldc) << 2;
  const r1 = c + row;
  const r2 = r1 + row;
  const r3 = r2 + row;
  if (accumulate) {
    c00 = f32x4.add(c00, v128.load(c));
    c01 = f32x4.add(c01, v128.load(c, 16));
    c10 = f32x4.add(c10, v128.load(r1));
    c11 = f32x4.add(c11, v128.load(r1, 16));
    c20 = f32x4.add(c20, v128.load(r2));
    c21 = f32x4.add(c21, v128.load(r2, 16));
    c30 = f32x4.add(c30, v128.load(r3));
    c31 = f32x4.add(c31, v128.load(r3, 16));
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
}

function tileOfSix(
  k: i32,
  ap: usize,
  stepA: usize,
  bp: usize,
  stepB: usize,
  c: usize,
  ldc: i32,
  accumulate: i32,
): void {
  let c00 = f32x4.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  let c40 = c00;
  let c41 = c00;
  let c50 = c00;
  let c51 = c00;
  for (let p = 0; p < k; p++) {
    const b0 = v128.load(bp);
    const b1 = v128.load(bp, 16);
    let a = v128.load32_splat(ap);
    c00 = madd(a, b0, c00);
    c01 = madd(a, b1, c01);
    a = v128.load32_splat(ap, 4);
    c10 = madd(a, b0, c10);
    c11 = madd(a, b1, c11);
    a = v128.load32_splat(ap, 8);
    c20 = madd(a, b0, c20);
    c21 = madd(a, b1, c21);
    a = v128.load32_splat(ap, 12);
    c30 = madd(a, b0, c30);
    c31 = madd(a, b1, c31);
    a = v128.load32_splat(ap, 16);
    c40 = madd(a, b0, c40);
    c41 = madd(a, b1, c41);
    a = v128.load32_splat(ap, 20);
    c50 = madd(a, b0, c50);
    c51 = madd(a, b1, c51);
    ap += stepA;
    bp += stepB;
  }
  const row = (<usize>ldc) << 2;
  const r1 = c + row;
  const r2 = r1 + row;
  const r3 = r2 + row;
  const r4 = r3 + row;
  const r5 = r4 + row;
  if (accumulate) {
    c00 = f32x4.add(c00, v128.load(c));
    c01 = f32x4.add(c01, v128.load(c, 16));
    c10 = f32x4.add(c10, v128.load(r1));
    c11 = f32x4.add(c11, v128.load(r1, 16));
    c20 = f32x4.add(c20, v128.load(r2));
    c21 = f32x4.add(c21, v128.load(r2, 16));
    c30 = f32x4.add(c30, v128.load(r3));
    c31 = f32x4.add(c31, v128.load(r3, 16));
    c40 = f32x4.add(c40, v128.load(r4));
    c41 = f32x4.add(c41, v128.load(r4, 16));
    c50 = f32x4.add(c50, v128.load(r5));
    c51 = f32x4.add(c51, v128.load(r5, 16));
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(r1, c10);
  v128.store(r1, c11, 16);
  v128.store(r2, c20);
  v128.store(r2, c21, 16);
  v128.store(r3, c30);
  v128.store(r3, c31, 16);
  v128.store(r4, c40);
  v128.store(r4, c41, 16);
  v128.store(r5, c50);
  v128.store(r5, c51, 16);
}

/** Copies (or adds) the upper left rows × columns of a full tile at `from` (row stride 8) to C: the edges. */
export function writeEdge(rows: i32, columns: i32, from: usize, c: usize, ldc: i32, accumulate: i32): void {
  for (let i = 0; i < rows; i++) {
    let to = c;
    let source = from;
    let left = columns;
    for (; left >= 4; left -= 4) {
      const value = v128.load(source);
      v128.store(to, accumulate ? f32x4.add(v128.load(to), value) : value);
      source += 16;
      to += 16;
    }
    for (; left > 0; left--) {
      const value = f32.load(source);
      f32.store(to, accumulate ? f32.load(to) + value : value);
      source += 4;
      to += 4;
    }
    from += PACKED_STEP_B;
    c += (<usize>ldc) << 2;
  }
}
