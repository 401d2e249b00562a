/**
 * Softmax attention, fused: scores exist for one head and a block of queries only. Heads are read where they lie in the
 * rows of a projection and packed with their rotation (RoPE, arXiv 2104.09864).
 *
 *   scratch: | queries, BLOCK·D | keys, Tk·D | scores, BLOCK·S | gemm |     S = Tk rounded up to 4
 */
import { gemm } from './gemm';
import { softmaxRow } from './softmax';

/** Queries a block: sixteen register tiles. */
export const BLOCK: i32 = 96;

/** Bytes from row to row of a block of scores. */
// @ts-ignore: decorator
@inline
export function scoreStride(Tk: i32): i32 {
  return (Tk + 3) & ~3;
}

/** Bytes of scratch for `attention`, less gemm's. */
export function attentionScratchBytes(Tk: i32, D: i32): usize {
  return <usize>(BLOCK * D + Tk * D + BLOCK * scoreStride(Tk)) << 2;
}

/**
 * to = factor · (from, rotated by its position), row by row; `inverse` rotates back. Element i of a row pairs with
 * i + D/2; `table` holds for each position D/2 cosines and D/2 sines. `positions` 0: no rotation. Strides in elements.
 */
export function rotate(
  T: i32,
  D: i32,
  from: usize,
  fromStride: i32,
  positions: usize,
  table: usize,
  factor: f32,
  inverse: i32,
  to: usize,
  toStride: i32,
): void {
  const half = (<usize>D) << 1;
  const factors = f32x4.splat(factor);
  for (let t = 0; t < T; t++) {
    let i: usize = 0;
    if (positions) {
      const cosines = table + ((<usize>i32.load(positions + ((<usize>t) << 2)) * <usize>D) << 2);
      const sines = cosines + half;
      for (; i + 16 <= half; i += 16) {
        const x = f32x4.mul(v128.load(from + i), factors);
        const y = f32x4.mul(v128.load(from + half + i), factors);
        const c = v128.load(cosines + i);
        let s = v128.load(sines + i);
        if (inverse) s = f32x4.neg(s);
        v128.store(to + i, f32x4.sub(f32x4.mul(x, c), f32x4.mul(y, s)));
        v128.store(to + half + i, f32x4.add(f32x4.mul(y, c), f32x4.mul(x, s)));
      }
      for (; i < half; i += 4) {
        const x = f32.load(from + i) * factor;
        const y = f32.load(from + half + i) * factor;
        const c = f32.load(cosines + i);
        const s = inverse ? -f32.load(sines + i) : f32.load(sines + i);
        f32.store(to + i, x * c - y * s);
        f32.store(to + half + i, y * c + x * s);
      }
    } else {
      const bytes = half << 1;
      for (; i + 16 <= bytes; i += 16) v128.store(to + i, f32x4.mul(v128.load(from + i), factors));
      for (; i < bytes; i += 4) f32.store(to + i, f32.load(from + i) * factor);
    }
    from += (<usize>fromStride) << 2;
    to += (<usize>toStride) << 2;
  }
}

/**
 * y (B·Tq, H·D) = softmax(q kᵀ/√D) v, head by head. Rows of q lie `strideQ` elements apart, those of k and v `strideKV`;
 * head h starts at h·D. `queryPositions`, `keyPositions` (int32, or 0 for no rotation), `keyLengths` (B int32, or 0).
 */
export function attention(
  B: i32,
  Tq: i32,
  Tk: i32,
  H: i32,
  D: i32,
  q: usize,
  strideQ: i32,
  k: usize,
  v: usize,
  strideKV: i32,
  queryPositions: usize,
  keyPositions: usize,
  table: usize,
  keyLengths: usize,
  y: usize,
  scratch: usize,
): void {
  const stride = scoreStride(Tk);
  const queries = scratch;
  const keys = queries + ((<usize>(BLOCK * D)) << 2);
  const scores = keys + ((<usize>(Tk * D)) << 2);
  const gemmScratch = scores + ((<usize>(BLOCK * stride)) << 2);
  const factor = <f32>1 / sqrt<f32>(<f32>D);
  for (let b = 0; b < B; b++) {
    const length = keyLengths ? i32.load(keyLengths + ((<usize>b) << 2)) : Tk;
    const rowQ = <usize>b * <usize>Tq;
    const rowK = <usize>b * <usize>Tk;
    const positionsQ = queryPositions ? queryPositions + (rowQ << 2) : 0;
    const positionsK = keyPositions ? keyPositions + (rowK << 2) : 0;
    for (let h = 0; h < H; h++) {
      const head = (<usize>(h * D)) << 2;
      const headQ = q + head + ((rowQ * <usize>strideQ) << 2);
      const headK = k + head + ((rowK * <usize>strideKV) << 2);
      const headV = v + head + ((rowK * <usize>strideKV) << 2);
      const headY = y + head + ((rowQ * <usize>(H * D)) << 2);
      rotate(length, D, headK, strideKV, positionsK, table, 1, 0, keys, D);
      for (let i = 0; i < Tq; i += BLOCK) {
        const rows = min(BLOCK, Tq - i);
        const from = headQ + ((<usize>i * <usize>strideQ) << 2);
        rotate(rows, D, from, strideQ, positionsQ ? positionsQ + ((<usize>i) << 2) : 0, table, factor, 0, queries, D);
        gemm(0, 1, rows, length, D, queries, D, keys, D, scores, stride, 0, gemmScratch);
        for (let r = 0; r < rows; r++) softmaxRow(length, scores + ((<usize>(r * stride)) << 2));
        const to = headY + ((<usize>i * <usize>(H * D)) << 2);
        gemm(0, 0, rows, D, length, scores, stride, headV, strideKV, to, H * D, 0, gemmScratch);
      }
    }
  }
}
