/** Layer norm and RMS norm with their gradients: a workgroup a row. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Gpu } from './gpu.ts';
import { addPartials } from './partials.ts';
import { FLAT_GROUP, float, int, runProgram } from './program.ts';
import { reductions } from './reduce.ts';

const WORKGROUP = 64;

export interface Norm {
  readonly x: TensorInfo;
  readonly weight: TensorInfo;
  readonly rows: number;
  readonly C: number;
  readonly eps: number;
  /** Layer norm; RMS norm leaves the mean alone. */
  readonly centred: boolean;
}

/** `mean` and `inverse` of the row that starts at `at`; every invocation calls it. */
function statistics(gpu: Gpu, centred: boolean): string {
  return /* wgsl */ `
${reductions(WORKGROUP, gpu.subgroupSize)}
${FLAT_GROUP}
struct Statistics { mean : f32, inverse : f32 };
fn statistics(at : i32) -> Statistics {
  var mean = 0.0;
  ${
    centred
      ? `var total = 0.0;
  for (var c = i32(localIndex); c < uniforms.width; c += ${WORKGROUP}) { total += x[at + c]; }
  mean = sumAll(total) / f32(uniforms.width);`
      : ''
  }
  var squares = 0.0;
  for (var c = i32(localIndex); c < uniforms.width; c += ${WORKGROUP}) {
    let off = x[at + c] - mean;
    squares += off * off;
  }
  return Statistics(mean, inverseSqrt(sumAll(squares) / f32(uniforms.width) + uniforms.eps));
}`;
}

/** (x − mean)/√(var + eps) · weight (+ bias) → (rows, C) */
export function norm(gpu: Gpu, { x, weight, rows, C, eps, centred }: Norm, bias?: TensorInfo): TensorInfo {
  return runProgram(
    gpu,
    {
      key: `norm ${centred} ${bias !== undefined}`,
      inputs: { x, weight, ...(bias ? { bias } : {}) },
      uniforms: { rows: int(rows), width: int(C), eps: float(eps) },
      workgroups: [rows],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${statistics(gpu, centred)}
fn main(index : i32) {
  let row = flatGroup();
  let at = min(row, uniforms.rows - 1) * uniforms.width;
  let s = statistics(at);
  if (row >= uniforms.rows) { return; }
  for (var c = i32(localIndex); c < uniforms.width; c += ${WORKGROUP}) {
    result[at + c] = (x[at + c] - s.mean) * s.inverse * weight[c]${bias ? ' + bias[c]' : ''};
  }
}`,
    },
    { size: rows * C },
  );
}

/** → dx (rows, C) */
export function normBackward(gpu: Gpu, { x, weight, rows, C, eps, centred }: Norm, dy: TensorInfo): TensorInfo {
  return runProgram(
    gpu,
    {
      key: `normBackward ${centred}`,
      inputs: { dy, x, weight },
      uniforms: { rows: int(rows), width: int(C), eps: float(eps) },
      workgroups: [rows],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${statistics(gpu, centred)}
fn main(index : i32) {
  let row = flatGroup();
  let at = min(row, uniforms.rows - 1) * uniforms.width;
  let s = statistics(at);
  var along = 0.0;
  var shift = 0.0;
  for (var c = i32(localIndex); c < uniforms.width; c += ${WORKGROUP}) {
    let g = dy[at + c] * weight[c];
    along += g * (x[at + c] - s.mean) * s.inverse;
    shift += g;
  }
  along = sumAll(along) / f32(uniforms.width);
  shift = ${centred ? 'sumAll(shift) / f32(uniforms.width)' : '0.0'};
  if (row >= uniforms.rows) { return; }
  for (var c = i32(localIndex); c < uniforms.width; c += ${WORKGROUP}) {
    let normed = (x[at + c] - s.mean) * s.inverse;
    result[at + c] = (dy[at + c] * weight[c] - shift - normed * along) * s.inverse;
  }
}`,
    },
    { size: rows * C },
  );
}

/** Rows that one workgroup adds up. */
const ROWS = 32;

/** Adds Σ over rows of dy · normed x onto `into` (C). */
export function normWeightBackward(
  gpu: Gpu,
  { x, rows, C, eps, centred }: Omit<Norm, 'weight'>,
  dy: TensorInfo,
  into: TensorInfo,
): void {
  const count = Math.ceil(rows / ROWS);
  const partials = runProgram(
    gpu,
    {
      key: `normWeightBackward ${centred}`,
      inputs: { dy, x },
      uniforms: { rows: int(rows), width: int(C), eps: float(eps), groups: int(count) },
      workgroups: [count],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${statistics(gpu, centred)}
fn main(index : i32) {
  let group = flatGroup();
  for (var i = 0; i < ${ROWS}; i++) {
    let row = group * ${ROWS} + i;
    let at = min(row, uniforms.rows - 1) * uniforms.width;
    let s = statistics(at);
    if (row < uniforms.rows) {
      // Every invocation keeps its own columns.
      for (var c = i32(localIndex); c < uniforms.width; c += ${WORKGROUP}) {
        let before = select(result[group * uniforms.width + c], 0.0, i == 0);
        result[group * uniforms.width + c] = before + dy[at + c] * (x[at + c] - s.mean) * s.inverse;
      }
    }
  }
}`,
    },
    { size: count * C },
  );
  addPartials(gpu, partials, count, C, into);
  gpu.disposeData(partials.dataId);
}
