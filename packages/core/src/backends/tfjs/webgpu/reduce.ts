/** Sums and maxima over a workgroup, by subgroup operations where the device has them. */
import type { Gpu } from './gpu.ts';
import { int, runProgram } from './program.ts';

/**
 * WGSL functions `sumAll(x : f32) -> f32` and `maxAll(x : f32) -> f32` that every invocation of the workgroup calls
 * together; all get the result. The order of a sum depends on nothing but the device.
 */
export function reductions(workgroupSize: number, subgroupSize: number): string {
  const reduction = subgroupSize > 0 && subgroupSize < workgroupSize ? bySubgroups : byHalves;
  return [
    `var<workgroup> partials : array<f32, ${workgroupSize}>;`,
    reduction('sumAll', 'subgroupAdd', (a, b) => `${a} + ${b}`, workgroupSize, subgroupSize),
    reduction('maxAll', 'subgroupMax', (a, b) => `max(${a}, ${b})`, workgroupSize, subgroupSize),
  ].join('\n');
}

type Combine = (a: string, b: string) => string;

function bySubgroups(name: string, within: string, combine: Combine, workgroupSize: number, subgroupSize: number) {
  return /* wgsl */ `
fn ${name}(x : f32) -> f32 {
  let part = ${within}(x);
  if (subgroupElect()) { partials[localIndex / ${subgroupSize}u] = part; }
  workgroupBarrier();
  var all = partials[0];
  for (var i = 1; i < ${workgroupSize / subgroupSize}; i++) { all = ${combine('all', 'partials[i]')}; }
  workgroupBarrier();
  return all;
}`;
}

function byHalves(name: string, _within: string, combine: Combine, workgroupSize: number) {
  return /* wgsl */ `
fn ${name}(x : f32) -> f32 {
  partials[localIndex] = x;
  workgroupBarrier();
  for (var half = ${workgroupSize / 2}u; half > 0u; half = half / 2u) {
    if (localIndex < half) {
      partials[localIndex] = ${combine('partials[localIndex]', 'partials[localIndex + half]')};
    }
    workgroupBarrier();
  }
  let all = partials[0];
  workgroupBarrier();
  return all;
}`;
}

const PROBE = 256;

/**
 * The device's subgroup size if it is always the same and its subgroups are runs of neighbouring invocations, 0 if not.
 * Nothing in WebGPU says so, hence the question.
 */
export async function probeSubgroups(gpu: Gpu, { subgroupMinSize, subgroupMaxSize }: SubgroupSizes): Promise<number> {
  const size = subgroupMinSize ?? 0;
  if (!gpu.hasSubgroups || size !== subgroupMaxSize || size < 2 || PROBE % size !== 0) return 0;
  const probe = runProgram(
    gpu,
    {
      key: 'probe',
      inputs: {},
      uniforms: { size: int(PROBE) },
      workgroups: [1],
      workgroupSize: PROBE,
      code: /* wgsl */ `
fn main(index : i32) {
  let first = i32(subgroupMin(localIndex));
  if (index < uniforms.size) { result[index] = first; }
}`,
    },
    { size: PROBE, dtype: 'int32' },
  );
  const firsts = await gpu.download(probe, PROBE);
  gpu.disposeData(probe.dataId);
  return firsts.every((first, i) => first === i - (i % size)) ? size : 0;
}

export interface SubgroupSizes {
  readonly subgroupMinSize?: number;
  readonly subgroupMaxSize?: number;
}
