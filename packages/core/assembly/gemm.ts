/**
 * Matrix multiplication C (+)= op(A)·op(B) in the order of Goto and van de Geijn: blocks of B (KC × NC) and of A (MC × KC)
 * are packed into panels that stay in the caches while the register tile runs over them.
 * Paper: Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008.
 *
 *   scratch: | packed A, MC·KC | packed B, KC·NC | one tile |
 */
import { DIRECT_ROWS, multiplyFewRows } from './gemm-direct';
import { packColumnsOfA, packRowsOfA } from './gemm-pack-a';
import { packColumnsOfB, packRowsOfB } from './gemm-pack-b';
import { PACKED_STEP_A, PACKED_STEP_B, TILE_M, TILE_N, tile, writeEdge } from './gemm-tile';

/** Rows of A a block: MC·KC floats (120 kB) live in the second-level cache. */
const MC: i32 = 120;
/** Depth of a block: a panel of either side (6 to 8 kB) lives in the first-level cache. */
const KC: i32 = 256;
/** Columns of B a block. */
const NC: i32 = 512;
/** A side that already lies in rows of k is read where it is when the other side uses it so few times … */
const IN_PLACE_REUSE: i32 = 128;
/** … and its rows are no further apart than this, in elements. */
const IN_PLACE_STRIDE: i32 = 640;

const PACKED_A_BYTES: usize = (<usize>MC * <usize>KC) << 2;
const PACKED_B_BYTES: usize = (<usize>KC * <usize>NC) << 2;
const TILE_BYTES: usize = (<usize>TILE_M * <usize>TILE_N) << 2;

/** Bytes of scratch that every gemm call may use, whatever the sizes. */
export function gemmScratchBytes(): usize {
  return PACKED_A_BYTES + PACKED_B_BYTES + TILE_BYTES;
}

/**
 * C(m,n) (+)= op(A)·op(B), f32, row-major. A is stored (m,k), or (k,m) when `transA`; B (k,n), or (n,k) when `transB`.
 * `lda`, `ldb`, `ldc` are row strides in elements of the matrices as stored. `accumulate` adds to C instead of replacing it.
 */
export function gemm(
  transA: i32,
  transB: i32,
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
  scratch: usize,
): void {
  if (m <= DIRECT_ROWS && transB && !transA) {
    multiplyFewRows(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
    return;
  }
  blocked(transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, scratch);
}

/** `gemm` for `batch` matrices that lie `strideA`, `strideB`, `strideC` elements apart. */
export function gemmBatched(
  batch: i32,
  strideA: i32,
  strideB: i32,
  strideC: i32,
  transA: i32,
  transB: i32,
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
  scratch: usize,
): void {
  for (let i = 0; i < batch; i++) {
    gemm(transA, transB, m, n, k, a, lda, b, ldb, c, ldc, accumulate, scratch);
    a += (<usize>strideA) << 2;
    b += (<usize>strideB) << 2;
    c += (<usize>strideC) << 2;
  }
}

function blocked(
  transA: i32,
  transB: i32,
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
  scratch: usize,
): void {
  const packedA = scratch;
  const packedB = scratch + PACKED_A_BYTES;
  const edge = packedB + PACKED_B_BYTES;
  if (k == 0 && !accumulate) {
    for (let i = 0; i < m; i++) memory.fill(c + ((<usize>i * <usize>ldc) << 2), 0, (<usize>n) << 2);
  }
  const inPlaceA = transA && n <= IN_PLACE_REUSE && lda <= IN_PLACE_STRIDE;
  const inPlaceB = !transB && m <= IN_PLACE_REUSE && ldb <= IN_PLACE_STRIDE;
  for (let j = 0; j < n; j += NC) {
    const nc = min(NC, n - j);
    const wholeN = nc - (nc % TILE_N);
    for (let p = 0; p < k; p += KC) {
      const kc = min(KC, k - p);
      let panelsB = packedB;
      let stepB = PACKED_STEP_B;
      let panelB = <usize>kc * PACKED_STEP_B;
      let tailB = packedB + <usize>(wholeN / TILE_N) * panelB;
      if (!transB) {
        const from = b + ((<usize>p * <usize>ldb + <usize>j) << 2);
        if (inPlaceB) {
          panelsB = from;
          stepB = (<usize>ldb) << 2;
          panelB = PACKED_STEP_B;
          tailB = packedB;
          packRowsOfB(kc, nc - wholeN, from + ((<usize>wholeN) << 2), ldb, tailB);
        } else {
          packRowsOfB(kc, nc, from, ldb, packedB);
        }
      } else packColumnsOfB(kc, nc, b + ((<usize>j * <usize>ldb + <usize>p) << 2), ldb, packedB);
      const add = accumulate | i32(p > 0);
      for (let i = 0; i < m; i += MC) {
        const mc = min(MC, m - i);
        const wholeM = mc - (mc % TILE_M);
        let panelsA = packedA;
        let stepA = PACKED_STEP_A;
        let panelA = <usize>kc * PACKED_STEP_A;
        let tailA = packedA + <usize>(wholeM / TILE_M) * panelA;
        if (transA) {
          const from = a + ((<usize>p * <usize>lda + <usize>i) << 2);
          if (inPlaceA) {
            panelsA = from;
            stepA = (<usize>lda) << 2;
            panelA = PACKED_STEP_A;
            tailA = packedA;
            packColumnsOfA(mc - wholeM, kc, from + ((<usize>wholeM) << 2), lda, tailA);
          } else {
            packColumnsOfA(mc, kc, from, lda, packedA);
          }
        } else {
          packRowsOfA(mc, kc, a + ((<usize>i * <usize>lda + <usize>p) << 2), lda, packedA);
        }
        // The register tile over all panels; edges go by way of a spare tile.
        let bp = panelsB;
        let to = c + ((<usize>i * <usize>ldc + <usize>j) << 2);
        for (let y = 0; y < nc; y += TILE_N) {
          const fullColumns = y < wholeN;
          if (!fullColumns) {
            bp = tailB;
            stepB = PACKED_STEP_B;
          }
          let ap = panelsA;
          let at = to;
          for (let x = 0; x < wholeM; x += TILE_M) {
            if (fullColumns) {
              tile(kc, ap, stepA, bp, stepB, at, ldc, add);
            } else {
              tile(kc, ap, stepA, bp, stepB, edge, TILE_N, 0);
              writeEdge(TILE_M, nc - y, edge, at, ldc, add);
            }
            ap += panelA;
            at += (<usize>(ldc * TILE_M)) << 2;
          }
          if (wholeM < mc) {
            tile(kc, tailA, PACKED_STEP_A, bp, stepB, edge, TILE_N, 0);
            writeEdge(mc - wholeM, min(TILE_N, nc - y), edge, at, ldc, add);
          }
          bp += panelB;
          to += (<usize>TILE_N) << 2;
        }
        stepB = inPlaceB ? (<usize>ldb) << 2 : PACKED_STEP_B;
      }
    }
  }
}
