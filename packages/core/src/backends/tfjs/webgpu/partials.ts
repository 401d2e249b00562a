/** Sums that are made in two steps: partial sums by many workgroups, then their sum. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { elementwise } from './elementwise.ts';
import type { Gpu } from './gpu.ts';
import { FLAT_GROUP, float, int, runProgram } from './program.ts';
import { reductions } from './reduce.ts';

/** The sum over `count` partial results of `size` values each, added to `into` where it is given. */
export function addPartials(
  gpu: Gpu,
  partials: TensorInfo,
  count: number,
  size: number,
  into?: TensorInfo,
): TensorInfo {
  return elementwise(gpu, into ? 'addPartials onto' : 'addPartials', size, { partials }, 'total(index)', {
    uniforms: { parts: int(count) },
    functions: /* wgsl */ `
fn total(index : i32) -> f32 {
  var sum = ${into ? 'result[index]' : '0.0'};
  for (var i = 0; i < uniforms.parts; i++) { sum += partials[i * uniforms.count + index]; }
  return sum;
}`,
    output: into ? { into } : { size },
  });
}

/** Rows that one workgroup adds up. */
const ROWS = 64;

/** Column sums of factor · x (rows, C), added onto `into`. */
export function columnSums(gpu: Gpu, x: TensorInfo, rows: number, C: number, into: TensorInfo, factor = 1): void {
  const count = Math.ceil(rows / ROWS);
  const partials = elementwise(gpu, 'columnSums', count * C, { x }, 'part(index)', {
    uniforms: { rows: int(rows), width: int(C), factor: float(factor) },
    functions: /* wgsl */ `
fn part(index : i32) -> f32 {
  let first = (index / uniforms.width) * ${ROWS};
  var sum = 0.0;
  for (var row = first; row < min(uniforms.rows, first + ${ROWS}); row++) {
    sum += x[row * uniforms.width + index % uniforms.width];
  }
  return sum * uniforms.factor;
}`,
  });
  addPartials(gpu, partials, count, C, into);
  gpu.disposeData(partials.dataId);
}

const GROUPS = 256;

/** Σ of an expression of x[i] over i < `size`, a part a workgroup. */
function partial(gpu: Gpu, key: string, x: TensorInfo, size: number, expression: string): TensorInfo {
  const groups = Math.min(GROUPS, Math.ceil(size / GROUPS));
  return runProgram(
    gpu,
    {
      key,
      inputs: { x },
      uniforms: { count: int(size), stride: int(groups * GROUPS) },
      workgroups: [groups],
      workgroupSize: GROUPS,
      code: /* wgsl */ `
${reductions(GROUPS, gpu.subgroupSize)}
${FLAT_GROUP}
fn main(index : i32) {
  var sum = 0.0;
  for (var i = index; i < uniforms.count; i += uniforms.stride) { sum += ${expression}; }
  let all = sumAll(sum);
  if (localIndex == 0u) { result[flatGroup()] = all; }
}`,
    },
    { size: groups },
  );
}

/** The same over all of i → scalar. */
function total(gpu: Gpu, key: string, x: TensorInfo, size: number, expression: string): TensorInfo {
  const partials = partial(gpu, key, x, size, expression);
  const n = partials.shape[0] as number;
  if (n === 1) return partials;
  const sum = partial(gpu, 'sum', partials, n, 'x[i]');
  gpu.disposeData(partials.dataId);
  return sum;
}

/** Σ x² → scalar. */
export function squaredSum(gpu: Gpu, x: TensorInfo, size: number): TensorInfo {
  return total(gpu, 'squaredSum', x, size, 'x[i] * x[i]');
}

/** Σ of the last column of x (rows, width) → scalar. */
export function lastColumnSum(gpu: Gpu, x: TensorInfo, rows: number, width: number): TensorInfo {
  return total(gpu, `lastColumnSum ${width}`, x, rows, `x[${width} * i + ${width - 1}]`);
}
