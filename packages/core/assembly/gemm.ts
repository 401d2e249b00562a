/**
 * Matrix multiplication C (+)= op(A)·op(B) in the order of Goto and van de Geijn: blocks of B (KC × NC) and of A (MC × KC)
 * are packed into panels that stay in the caches while the register tile runs over them.
 * Paper: Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34(3), 2008.
 *
 *   scratch: | packed A, MC·KC | packed B, KC·NC | one tile, 6·8 |
 */
import { packColumnsOfA, packColumnsOfB, packRowsOfA, packRowsOfB } from './gemm-pack';
import { TILE_M, TILE_N, tile, writeEdge } from './gemm-tile';

/** Rows of A a block: MC·KC floats (120 kB) live in the second-level cache. */
const MC: i32 = 120;
/** Depth of a block: a panel of either side (6 to 8 kB) lives in the first-level cache. */
const KC: i32 = 256;
/** Columns of B a block. */
const NC: i32 = 1024;

const PACKED_A_BYTES: usize = (<usize>MC * <usize>KC) << 2;
const PACKED_B_BYTES: usize = (<usize>KC * <usize>NC) << 2;
const TILE_BYTES: usize = (<usize>TILE_M * <usize>TILE_N) << 2;

/** How B is stored. */
const PLAIN: i32 = 0;
const TRANSPOSED: i32 = 1;
const TRANSPOSED_INT8: i32 = 2;

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
  blocked(transA, transB ? TRANSPOSED : PLAIN, m, n, k, a, lda, b, ldb, 0, c, ldc, accumulate, scratch);
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

/** C(m,n) (+)= A(m,k) · (diag(scales) · B)ᵀ, B int8 (n,k) without padding: dequantised while it is packed. */
export function gemmPackedInt8(
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
  blocked(0, TRANSPOSED_INT8, m, n, k, a, lda, b, k, scales, c, ldc, accumulate, scratch);
}

function blocked(
  transA: i32,
  layoutB: i32,
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  lda: i32,
  b: usize,
  ldb: i32,
  scales: usize,
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
  for (let j = 0; j < n; j += NC) {
    const nc = min(NC, n - j);
    for (let p = 0; p < k; p += KC) {
      const kc = min(KC, k - p);
      if (layoutB == PLAIN) {
        packRowsOfB(kc, nc, b + ((<usize>p * <usize>ldb + <usize>j) << 2), ldb, packedB);
      } else if (layoutB == TRANSPOSED) {
        packColumnsOfB<f32>(kc, nc, b + ((<usize>j * <usize>ldb + <usize>p) << 2), ldb, 0, packedB);
      } else {
        packColumnsOfB<i8>(kc, nc, b + <usize>j * <usize>ldb + <usize>p, ldb, scales + ((<usize>j) << 2), packedB);
      }
      const add = accumulate | i32(p > 0);
      for (let i = 0; i < m; i += MC) {
        const mc = min(MC, m - i);
        if (transA) packColumnsOfA(mc, kc, a + ((<usize>p * <usize>lda + <usize>i) << 2), lda, packedA);
        else packRowsOfA(mc, kc, a + ((<usize>i * <usize>lda + <usize>p) << 2), lda, packedA);
        multiplyBlock(mc, nc, kc, packedA, packedB, c + ((<usize>i * <usize>ldc + <usize>j) << 2), ldc, add, edge);
      }
    }
  }
}

/** C(mc,nc) (+)= packed A · packed B: the register tile over all panels, edges by way of a spare tile. */
function multiplyBlock(
  mc: i32,
  nc: i32,
  kc: i32,
  packedA: usize,
  packedB: usize,
  c: usize,
  ldc: i32,
  accumulate: i32,
  edge: usize,
): void {
  const panelA = (<usize>kc * <usize>TILE_M) << 2;
  const panelB = (<usize>kc * <usize>TILE_N) << 2;
  for (let j = 0; j < nc; j += TILE_N) {
    const columns = min(TILE_N, nc - j);
    let ap = packedA;
    for (let i = 0; i < mc; i += TILE_M) {
      const rows = min(TILE_M, mc - i);
      const to = c + ((<usize>i * <usize>ldc + <usize>j) << 2);
      if (rows == TILE_M && columns == TILE_N) {
        tile(kc, ap, packedB, to, ldc, accumulate);
      } else {
        tile(kc, ap, packedB, edge, TILE_N, 0);
        writeEdge(rows, columns, edge, to, ldc, accumulate);
      }
      ap += panelA;
    }
    packedB += panelB;
  }
}
