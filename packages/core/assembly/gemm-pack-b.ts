/**
 * Packing B: copies blocks of it into the panels that the register tile reads in order, transposing on the
 * way where the matrix is stored like that. Columns that are not there become zeros.
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

/** Packs B(k,n), stored transposed (n,k) with row stride `ldb`, into panels of 8 columns. */
export function packColumnsOfB(k: i32, n: i32, b: usize, ldb: i32, to: usize): void {
  const row = (<usize>ldb) << 2;
  for (let j = 0; j < n; j += TILE_N) {
    const columns = min(TILE_N, n - j);
    const from = b + <usize>j * row;
    const panel = to + ((<usize>j * <usize>k) << 2);
    let s = 0;
    for (; s + 4 <= columns; s += 4) packFourRows(k, from + <usize>s * row, row, panel + ((<usize>s) << 2));
    for (; s < TILE_N; s++) {
      const source = from + <usize>s * row;
      let target = panel + ((<usize>s) << 2);
      for (let p = 0; p < k; p++) {
        f32.store(target, s < columns ? f32.load(source + ((<usize>p) << 2)) : 0);
        target += 32;
      }
    }
  }
}

/** Four stored rows of k elements, transposed to [k][4 of 8]. */
// @ts-ignore: decorator
@inline
function packFourRows(k: i32, r0: usize, row: usize, to: usize): void {
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
    v128.store(to, v128.shuffle<f32>(lo01, lo23, 2, 3, 6, 7), 32);
    v128.store(to, v128.shuffle<f32>(hi01, hi23, 0, 1, 4, 5), 64);
    v128.store(to, v128.shuffle<f32>(hi01, hi23, 2, 3, 6, 7), 96);
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    to += 128;
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
    to += 32;
  }
}
