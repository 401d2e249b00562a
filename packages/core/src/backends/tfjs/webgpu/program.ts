/** A WGSL program as TensorFlow.js runs them: one output, flat inputs, uniforms by name. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Gpu } from './gpu.ts';

export type Uniforms = Readonly<Record<string, { readonly int: number } | { readonly float: number }>>;

export const int = (value: number) => ({ int: value });
export const float = (value: number) => ({ float: value });

export interface Program {
  /** Tells compiled programs apart: everything that changes the code, but the inputs' types. */
  readonly key: string;
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly uniforms?: Uniforms;
  /** Workgroups in x, y and z. */
  readonly workgroups: readonly [number, number?, number?];
  /** Invocations a workgroup. */
  readonly workgroupSize: number;
  /**
   * WGSL with `fn main(index : i32)`. It reads inputs as arrays by their names, `uniforms.name`, `localIndex` and
   * `workgroupId`, and writes `result`. It must use every input and some uniform: what code does not use has no binding.
   */
  readonly code: string;
}

/** Where a program's result goes: a new tensor of so many values, or one that is there already. */
export type Output = { readonly size: number; readonly dtype?: 'float32' | 'int32' } | { readonly into: TensorInfo };

const flat = ({ dataId, shape, dtype }: TensorInfo): TensorInfo => ({
  dataId,
  shape: [shape.reduce((n, dim) => n * dim, 1)],
  dtype,
});

/** Runs a program and returns its output, flat. Kernels may read and write the output in place. */
export function runProgram(gpu: Gpu, program: Program, output: Output): TensorInfo {
  const { key, uniforms = {}, workgroups, workgroupSize, code } = program;
  const into = 'into' in output ? flat(output.into) : undefined;
  const shape = 'into' in output ? (into as TensorInfo).shape : [output.size];
  const fields = Object.entries(uniforms);
  return gpu.runWebGPUProgram(
    {
      variableNames: Object.keys(program.inputs),
      outputShape: shape,
      dispatchLayout: { x: [0] },
      dispatch: [workgroups[0], workgroups[1] ?? 1, workgroups[2] ?? 1],
      workgroupSize: [workgroupSize, 1, 1],
      shaderKey: `lacuna ${key}`,
      uniforms: fields.map(([name, value]) => `${name} : ${'int' in value ? 'i32' : 'f32'}, `).join(''),
      getUserCode: () => code,
    },
    Object.values(program.inputs).map(flat),
    'dtype' in output && output.dtype ? output.dtype : 'float32',
    fields.map(([, value]) =>
      'int' in value ? { type: 'int32', data: [value.int] } : { type: 'float32', data: [value.float] },
    ),
    into,
  );
}

/** The workgroup's number, whatever dimensions its dispatch was folded into. */
export const FLAT_GROUP = /* wgsl */ `
fn flatGroup() -> i32 {
  return i32(workgroupId.x + numWorkgroups.x * (workgroupId.y + numWorkgroups.y * workgroupId.z));
}
`;
