/**
 * Attention's vector-Jacobian product. Probabilities P are computed again, head by head and block by block:
 *   dV = Pᵀ dY, dP = dY Vᵀ, dS = P ∘ (dP − rowsum(P ∘ dP)), dQ = dS K/√D, dK = dSᵀ Q/√D.
 *
 *   scratch: | queries, BLOCK·D | dQueries, BLOCK·D | keys, Tk·D | dKeys, Tk·D | P, BLOCK·S | dP, BLOCK·S | gemm |
 */
import { BLOCK, rotate, scoreStride } from './attention';
import { gemm } from './gemm';
import { horizontalSum, madd } from './simd';
import { softmaxRow } from './softmax';

/** Bytes of scratch for `attentionBackward`, less gemm's. */
export function attentionBackwardScratchBytes(Tk: i32, D: i32): usize {
  return (<usize>(2 * BLOCK * D + 2 * Tk * D + 2 * BLOCK * scoreStride(Tk))) << 2;
}

/** dP = P ∘ (dP − Σ P ∘ dP) in place for one row. */
function softmaxBackwardRow(n: i32, p: usize, dp: usize): void {
  // The padding of P is nothing times something: it must not meet a NaN there.
  for (let i = n; i & 3; i++) f32.store(dp + ((<usize>i) << 2), 0);
  const bytes = (<usize>((n + 3) & ~3)) << 2;
  let dot = f32x4.splat(0);
  for (let i: usize = 0; i < bytes; i += 16) dot = madd(v128.load(p + i), v128.load(dp + i), dot);
  const sum = f32x4.splat(horizontalSum(dot));
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(dp + i, f32x4.mul(v128.load(p + i), f32x4.sub(v128.load(dp + i), sum)));
  }
}

/** Arguments as `attention`'s; dq, dk, dv lie as q, k, v do. Keys beyond a length get 0. */
export function attentionBackward(
  B: i32,
  Tq: i32,
  Tk: i32,
  H: i32,
  D: i32,
  dy: usize,
  q: usize,
  strideQ: i32,
  k: usize,
  v: usize,
  strideKV: i32,
  queryPositions: usize,
  keyPositions: usize,
  table: usize,
  keyLengths: usize,
  dq: usize,
  dk: usize,
  dv: usize,
  scratch: usize,
): void {
  const stride = scoreStride(Tk);
  const blockBytes = (<usize>(BLOCK * D)) << 2;
  const keyBytes = (<usize>(Tk * D)) << 2;
  const scoreBytes = (<usize>(BLOCK * stride)) << 2;
  const queries = scratch;
  const dQueries = queries + blockBytes;
  const keys = dQueries + blockBytes;
  const dKeys = keys + keyBytes;
  const p = dKeys + keyBytes;
  const dp = p + scoreBytes;
  const gemmScratch = dp + scoreBytes;
  const factor = <f32>1 / sqrt<f32>(<f32>D);
  const C = H * D;
  for (let b = 0; b < B; b++) {
    const length = keyLengths ? i32.load(keyLengths + ((<usize>b) << 2)) : Tk;
    const rowQ = <usize>b * <usize>Tq;
    const rowK = <usize>b * <usize>Tk;
    const positionsQ = queryPositions ? queryPositions + (rowQ << 2) : 0;
    const positionsK = keyPositions ? keyPositions + (rowK << 2) : 0;
    for (let h = 0; h < H; h++) {
      const head = (<usize>(h * D)) << 2;
      const offsetQ = head + ((rowQ * <usize>strideQ) << 2);
      const offsetK = head + ((rowK * <usize>strideKV) << 2);
      const headDy = dy + head + ((rowQ * <usize>C) << 2);
      rotate(length, D, k + offsetK, strideKV, positionsK, table, 1, 0, keys, D);
      for (let i = 0; i < Tq; i += BLOCK) {
        const rows = min(BLOCK, Tq - i);
        const more = i32(i > 0);
        const at = offsetQ + ((<usize>i * <usize>strideQ) << 2);
        const positions = positionsQ ? positionsQ + ((<usize>i) << 2) : 0;
        const blockDy = headDy + ((<usize>i * <usize>C) << 2);
        rotate(rows, D, q + at, strideQ, positions, table, factor, 0, queries, D);
        gemm(0, 1, rows, length, D, queries, D, keys, D, p, stride, 0, gemmScratch);
        for (let r = 0; r < rows; r++) softmaxRow(length, p + ((<usize>(r * stride)) << 2));
        gemm(1, 0, length, D, rows, p, stride, blockDy, C, dv + offsetK, strideKV, more, gemmScratch);
        gemm(0, 1, rows, length, D, blockDy, C, v + offsetK, strideKV, dp, stride, 0, gemmScratch);
        for (let r = 0; r < rows; r++) {
          const offset = (<usize>(r * stride)) << 2;
          softmaxBackwardRow(length, p + offset, dp + offset);
        }
        gemm(0, 0, rows, D, length, dp, stride, keys, D, dQueries, D, 0, gemmScratch);
        rotate(rows, D, dQueries, D, positions, table, factor, 1, dq + at, strideQ);
        gemm(1, 0, length, D, rows, dp, stride, queries, D, dKeys, D, more, gemmScratch);
      }
      rotate(length, D, dKeys, D, positionsK, table, 1, 1, dk + offsetK, strideKV);
      for (let t = length; t < Tk; t++) {
        const row = offsetK + ((<usize>(t * strideKV)) << 2);
        memory.fill(dk + row, 0, (<usize>D) << 2);
        memory.fill(dv + row, 0, (<usize>D) << 2);
      }
    }
  }
}
