/**
 * Packing A: copies blocks of it into the panels that the register tile reads in order, transposing on the way where the
 * matrix is stored the other way round. Rows that are not there become zeros.
 */
import { PACKED_STEP_A, TILE_M } from './gemm-tile';

/** Packs A(m,k), stored (m,k) with row stride `lda`, into panels of R = TILE_M rows: [⌈m/R⌉][k][R]. */
export function packRowsOfA(m: i32, k: i32, a: usize, lda: i32, to: usize): void {
  const row = (<usize>lda) << 2;
  for (let i = 0; i < m; i += TILE_M) {
    const rows = min(TILE_M, m - i);
    const r0 = a + <usize>i * row;
    if (rows == TILE_M) {
      if (TILE_M == 4) packFourRowsOfA(k, r0, row, to);
      else packSixRows(k, r0, row, to);
      to += (<usize>k * <usize>TILE_M) << 2;
    } else {
      for (let p = 0; p < k; p++) {
        for (let r = 0; r < TILE_M; r++) {
          f32.store(to, r < rows ? f32.load(r0 + <usize>r * row + ((<usize>p) << 2)) : 0);
          to += 4;
        }
      }
    }
  }
}

/** Four rows of k elements, transposed to [k][4]. */
// @ts-ignore: decorator
@inline
function packFourRowsOfA(k: i32, r0: usize, row: usize, to: usize): void {
  let r1 = r0 + row;
  let r2 = r1 + row;
  let r3 = r2 + row;
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    const x0 = v128.load(r0);
    const x1 = v128.load(r1);
    const x2 = v128.load(r2);
    const x3 = v128.load(r3);
    const lo01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const hi01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const lo23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const hi23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(lo01, lo23, 0, 1, 4, 5));
    v128.store(to, v128.shuffle<f32>(lo01, lo23, 2, 3, 6, 7), 16);
    v128.store(to, v128.shuffle<f32>(hi01, hi23, 0, 1, 4, 5), 32);
    v128.store(to, v128.shuffle<f32>(hi01, hi23, 2, 3, 6, 7), 48);
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    to += 64;
  }
  for (; p < k; p++) {
    f32.store(to, f32.load(r0));
    f32.store(to, f32.load(r1), 4);
    f32.store(to, f32.load(r2), 8);
    f32.store(to, f32.load(r3), 12);
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
    to += 16;
  }
}

/** Six rows of k elements, transposed to [k][6]: four columns at a time by 4×4 and 2×4 shuffles. */
// @ts-ignore: decorator
@inline
function packSixRows(k: i32, r0: usize, row: usize, to: usize): void {
  let r1 = r0 + row;
  let r2 = r1 + row;
  let r3 = r2 + row;
  let r4 = r3 + row;
  let r5 = r4 + row;
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    const x0 = v128.load(r0);
    const x1 = v128.load(r1);
    const x2 = v128.load(r2);
    const x3 = v128.load(r3);
    const x4 = v128.load(r4);
    const x5 = v128.load(r5);
    const lo01 = v128.shuffle<f32>(x0, x1, 0, 4, 1, 5);
    const hi01 = v128.shuffle<f32>(x0, x1, 2, 6, 3, 7);
    const lo23 = v128.shuffle<f32>(x2, x3, 0, 4, 1, 5);
    const hi23 = v128.shuffle<f32>(x2, x3, 2, 6, 3, 7);
    const lo45 = v128.shuffle<f32>(x4, x5, 0, 4, 1, 5);
    const hi45 = v128.shuffle<f32>(x4, x5, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(lo01, lo23, 0, 1, 4, 5));
    v128.store64_lane(to, lo45, 0, 16);
    v128.store(to, v128.shuffle<f32>(lo01, lo23, 2, 3, 6, 7), 24);
    v128.store64_lane(to, lo45, 1, 40);
    v128.store(to, v128.shuffle<f32>(hi01, hi23, 0, 1, 4, 5), 48);
    v128.store64_lane(to, hi45, 0, 64);
    v128.store(to, v128.shuffle<f32>(hi01, hi23, 2, 3, 6, 7), 72);
    v128.store64_lane(to, hi45, 1, 88);
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    r4 += 16;
    r5 += 16;
    to += 96;
  }
  for (; p < k; p++) {
    f32.store(to, f32.load(r0));
    f32.store(to, f32.load(r1), 4);
    f32.store(to, f32.load(r2), 8);
    f32.store(to, f32.load(r3), 12);
    f32.store(to, f32.load(r4), 16);
    f32.store(to, f32.load(r5), 20);
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
    r4 += 4;
    r5 += 4;
    to += 24;
  }
}

/** Packs A(m,k), stored transposed (k,m) with row stride `lda`, into panels; those of 6 rows four at a time. */
export function packColumnsOfA(m: i32, k: i32, a: usize, lda: i32, to: usize): void {
  const row = (<usize>lda) << 2;
  const panel = <usize>k * PACKED_STEP_A;
  let i = 0;
  for (; TILE_M == 6 && i + 4 * TILE_M <= m; i += 4 * TILE_M) {
    let from = a + ((<usize>i) << 2);
    let to0 = to;
    let to1 = to0 + panel;
    let to2 = to1 + panel;
    let to3 = to2 + panel;
    for (let p = 0; p < k; p++) {
      const x1 = v128.load(from, 16);
      const x4 = v128.load(from, 64);
      v128.store(to0, v128.load(from));
      v128.store64_lane(to0, x1, 0, 16);
      v128.store64_lane(to1, x1, 1);
      v128.store(to1, v128.load(from, 32), 8);
      v128.store(to2, v128.load(from, 48));
      v128.store64_lane(to2, x4, 0, 16);
      v128.store64_lane(to3, x4, 1);
      v128.store(to3, v128.load(from, 80), 8);
      from += row;
      to0 += PACKED_STEP_A;
      to1 += PACKED_STEP_A;
      to2 += PACKED_STEP_A;
      to3 += PACKED_STEP_A;
    }
    to += panel << 2;
  }
  for (; i < m; i += TILE_M) {
    const rows = min(TILE_M, m - i);
    let from = a + ((<usize>i) << 2);
    for (let p = 0; p < k; p++) {
      if (rows == TILE_M) {
        v128.store(to, v128.load(from));
        if (TILE_M == 6) i64.store(to, i64.load(from, 16), 16);
      } else {
        for (let r = 0; r < TILE_M; r++) {
          f32.store(to + ((<usize>r) << 2), r < rows ? f32.load(from + ((<usize>r) << 2)) : 0);
        }
      }
      from += row;
      to += PACKED_STEP_A;
    }
  }
}
