/**
 * Products of matrices with what usually follows them: a bias, a sum onto what is there, a factor.
 *
 * A workgroup of 16 × 16 makes a tile of 64 × 64, every invocation 4 × 4 of it; 16 columns of A and rows of B lie in
 * workgroup memory at a time:
 *
 *   left  (k, 64 rows of op(A))   right (k, 64 columns of op(B))   four to a vec4
 *
 * Where there are few tiles and long sums (a weight's gradient), the sum is split over workgroups and added up after.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Gpu } from './gpu.ts';
import { addPartials } from './partials.ts';
import { float, int, type Output, runProgram } from './program.ts';

const TILE = 64;
const DEPTH = 16;

/** Tiles that keep a GPU busy, and the shortest sum that is worth a workgroup. */
const BUSY = 128;
const SHORTEST = 256;

export interface MatMul {
  readonly a: TensorInfo;
  readonly b: TensorInfo;
  /** op(A) (M, K) · op(B) (K, N) */
  readonly M: number;
  readonly N: number;
  readonly K: number;
  /** A lies as (K, M), B as (N, K). */
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** Values before A's first. */
  readonly offsetA?: number;
  /** Values before B's first. */
  readonly offsetB?: number;
  /** A holds pairs of 16-bit floats in 32-bit words. */
  readonly halfA?: boolean;
  readonly bias?: TensorInfo | undefined;
  readonly factor?: number;
  /** Where the product is added to what is there; a new tensor by default. */
  readonly addTo?: TensorInfo;
  /** Where it is written from an offset on. */
  readonly writeTo?: { readonly tensor: TensorInfo; readonly offset: number };
}

/** → (M, N), flat. */
export function matMul(gpu: Gpu, product: MatMul): TensorInfo {
  const { M, N, K, addTo, writeTo } = product;
  const tiles = Math.ceil(M / TILE) * Math.ceil(N / TILE);
  const parts = product.bias || writeTo ? 1 : Math.min(Math.floor(K / SHORTEST), Math.ceil(BUSY / tiles));
  if (parts > 1) {
    const share = DEPTH * Math.ceil(K / parts / DEPTH);
    const count = Math.ceil(K / share);
    const partial = run(gpu, product, { size: count * M * N }, share, count, false);
    const sum = addPartials(gpu, partial, count, M * N, addTo);
    gpu.disposeData(partial.dataId);
    return sum;
  }
  const output = writeTo ? { into: writeTo.tensor } : addTo ? { into: addTo } : { size: M * N };
  return run(gpu, product, output, K, 1, addTo !== undefined);
}

function run(gpu: Gpu, product: MatMul, output: Output, share: number, parts: number, adds: boolean): TensorInfo {
  const { a, b, M, N, K, bias, factor = 1, transposeA = false, transposeB = false, halfA = false } = product;
  return runProgram(
    gpu,
    {
      key: `matmul ${[transposeA, transposeB, halfA, bias !== undefined, adds].map(Number).join('')}`,
      inputs: { A: a, B: b, ...(bias ? { bias } : {}) },
      uniforms: {
        M: int(M),
        N: int(N),
        K: int(K),
        share: int(share),
        offsetA: int(product.offsetA ?? 0),
        offsetB: int(product.offsetB ?? 0),
        offsetC: int(product.writeTo?.offset ?? 0),
        factor: float(factor),
      },
      workgroups: [Math.ceil(N / TILE), Math.ceil(M / TILE), parts],
      workgroupSize: 256,
      code: source(transposeA, transposeB, halfA, bias !== undefined, adds),
    },
    output,
  );
}

function source(transposeA: boolean, transposeB: boolean, halfA: boolean, biased: boolean, adds: boolean): string {
  const indexA = transposeA ? 'k * uniforms.M + row' : 'row * uniforms.K + k';
  const indexB = transposeB ? 'column * uniforms.K + k' : 'k * uniforms.N + column';
  // Neighbouring invocations read neighbouring values, so which of the two counts fastest follows how the operand lies.
  const place = (fastK: boolean) =>
    fastK
      ? `let k = i32(e % ${DEPTH}u); let i = i32(e / ${DEPTH}u);`
      : `let i = i32(e % ${TILE}u); let k = i32(e / ${TILE}u);`;
  return /* wgsl */ `
var<workgroup> left : array<array<vec4<f32>, ${TILE / 4}>, ${DEPTH}>;
var<workgroup> right : array<array<vec4<f32>, ${TILE / 4}>, ${DEPTH}>;

fn readA(row : i32, k : i32, end : i32) -> f32 {
  if (row >= uniforms.M || k >= end) { return 0.0; }
  let at = uniforms.offsetA + ${indexA};
  ${halfA ? 'let pair = unpack2x16float(bitcast<u32>(A[at >> 1u])); return select(pair.y, pair.x, (at & 1) == 0);' : 'return A[at];'}
}
fn readB(k : i32, column : i32, end : i32) -> f32 {
  if (column >= uniforms.N || k >= end) { return 0.0; }
  return B[uniforms.offsetB + ${indexB}];
}

fn main(index : i32) {
  let firstRow = i32(workgroupId.y) * ${TILE};
  let firstColumn = i32(workgroupId.x) * ${TILE};
  let firstK = i32(workgroupId.z) * uniforms.share;
  let end = min(uniforms.K, firstK + uniforms.share);
  let ty = localIndex / 16u;
  let tx = localIndex % 16u;
  var sums : array<vec4<f32>, 4>;
  for (var step = 0; step < uniforms.share; step += ${DEPTH}) {
    for (var part = 0u; part < ${(TILE * DEPTH) / 256}u; part++) {
      let e = localIndex + 256u * part;
      {
        ${place(!transposeA)}
        left[k][i / 4][i % 4] = readA(firstRow + i, firstK + step + k, end);
      }
      {
        ${place(transposeB)}
        right[k][i / 4][i % 4] = readB(firstK + step + k, firstColumn + i, end);
      }
    }
    workgroupBarrier();
    for (var k = 0; k < ${DEPTH}; k++) {
      let a = left[k][ty];
      let b = right[k][tx];
      sums[0] += a.x * b;
      sums[1] += a.y * b;
      sums[2] += a.z * b;
      sums[3] += a.w * b;
    }
    workgroupBarrier();
  }
  for (var i = 0; i < 4; i++) {
    let row = firstRow + i32(ty) * 4 + i;
    for (var j = 0; j < 4; j++) {
      let column = firstColumn + i32(tx) * 4 + j;
      if (row < uniforms.M && column < uniforms.N) {
        let at = uniforms.offsetC + (i32(workgroupId.z) * uniforms.M + row) * uniforms.N + column;
        let value = uniforms.factor * sums[i][j]${biased ? ' + bias[column]' : ''};
        result[at] = ${adds ? 'result[at] + value' : 'value'};
      }
    }
  }
}`;
}
