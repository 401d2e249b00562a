/** Programs that compute every element by itself. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Gpu } from './gpu.ts';
import { float, int, type Output, runProgram, type Uniforms } from './program.ts';

const WORKGROUP = 128;

/** erf within 1.5e-7 (Abramowitz and Stegun 7.1.26), Φ and the slope of gelu. */
export const GELU = /* wgsl */ `
fn normalCdf(x : f32) -> f32 {
  let z = abs(x) * 0.7071067811865476;
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * exp(-z * z);
  return select(1.0 - 0.5 * tail, 0.5 * tail, x < 0.0);
}
fn geluSlope(x : f32) -> f32 {
  return normalCdf(x) + x * 0.3989422804014327 * exp(-0.5 * x * x);
}
// Some drivers' own tanh overflows.
fn tanhSafe(x : f32) -> f32 {
  return tanh(clamp(x, -15.0, 15.0));
}
`;

/** Runs \`result[index] = expression\` for `size` elements. */
export function elementwise(
  gpu: Gpu,
  key: string,
  size: number,
  inputs: Readonly<Record<string, TensorInfo>>,
  expression: string,
  {
    uniforms = {},
    functions = '',
    output = { size } as Output,
  }: {
    readonly uniforms?: Uniforms;
    readonly functions?: string;
    readonly output?: Output;
  } = {},
): TensorInfo {
  return runProgram(
    gpu,
    {
      key,
      inputs,
      uniforms: { count: int(size), ...uniforms },
      workgroups: [Math.ceil(size / WORKGROUP)],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${functions}
fn main(index : i32) {
  if (index < uniforms.count) { result[index] = ${expression}; }
}`,
    },
    output,
  );
}

export function fill(gpu: Gpu, size: number, value: number, output: Output = { size }): TensorInfo {
  return elementwise(gpu, 'fill', size, {}, 'uniforms.value', { uniforms: { value: float(value) }, output });
}

export function scale(gpu: Gpu, x: TensorInfo, size: number, factor: number): TensorInfo {
  return elementwise(gpu, 'scale', size, { x }, 'x[index] * uniforms.factor', { uniforms: { factor: float(factor) } });
}

/** into += factor · x; the factor is a number or a scalar on the GPU. */
export function accumulate(gpu: Gpu, into: TensorInfo, x: TensorInfo, size: number, factor: number | TensorInfo): void {
  if (typeof factor === 'number') {
    elementwise(gpu, 'accumulate', size, { x }, 'result[index] + uniforms.factor * x[index]', {
      uniforms: { factor: float(factor) },
      output: { into },
    });
  } else {
    elementwise(gpu, 'accumulate by tensor', size, { x, factor }, 'result[index] + factor[0] * x[index]', {
      output: { into },
    });
  }
}

export function geglu(gpu: Gpu, x: TensorInfo, rows: number, F: number): TensorInfo {
  const at = '(index / uniforms.width) * 2 * uniforms.width + index % uniforms.width';
  return elementwise(gpu, 'geglu', rows * F, { x }, `gated(${at})`, {
    uniforms: { width: int(F) },
    functions: `${GELU}
fn gated(at : i32) -> f32 { return x[at] * normalCdf(x[at]) * x[at + uniforms.width]; }`,
  });
}

/** → (rows, 2F) */
export function gegluBackward(gpu: Gpu, dy: TensorInfo, x: TensorInfo, rows: number, F: number): TensorInfo {
  return elementwise(gpu, 'gegluBackward', rows * 2 * F, { dy, x }, 'slope(index)', {
    uniforms: { width: int(F) },
    functions: /* wgsl */ `${GELU}
fn slope(index : i32) -> f32 {
  let row = index / (2 * uniforms.width);
  let column = index % (2 * uniforms.width);
  let c = column % uniforms.width;
  let gate = x[row * 2 * uniforms.width + c];
  let d = dy[row * uniforms.width + c];
  if (column < uniforms.width) { return d * x[index + uniforms.width] * geluSlope(gate); }
  return d * gate * normalCdf(gate);
}`,
  });
}

/** Element i is kept where word i & 1 of threefry2x32(key, (i >> 1, 0)), as a fraction of 2³², is at least the rate. */
export function dropout(
  gpu: Gpu,
  x: TensorInfo,
  size: number,
  rate: number,
  key: readonly [number, number],
): TensorInfo {
  const threshold = Math.ceil(rate * 2 ** 32);
  return elementwise(gpu, 'dropout', size, { x }, 'select(0.0, x[index] * uniforms.gain, kept(index))', {
    uniforms: {
      key0: int(key[0] | 0),
      key1: int(key[1] | 0),
      threshold: int(threshold | 0),
      gain: float(1 / (1 - rate)),
    },
    functions: THREEFRY,
  });
}

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];

/** Threefry-2x32 of 20 rounds (Salmon et al., 2011), as in `random/`. */
const THREEFRY = /* wgsl */ `
fn kept(index : i32) -> bool {
  let keys = array<u32, 3>(
    bitcast<u32>(uniforms.key0),
    bitcast<u32>(uniforms.key1),
    0x1BD11BDAu ^ bitcast<u32>(uniforms.key0) ^ bitcast<u32>(uniforms.key1));
  var a = (bitcast<u32>(index) >> 1u) + keys[0];
  var b = keys[1];
  ${Array.from({ length: 5 }, (_, i) =>
    [
      ...(ROTATIONS[i % 2] as number[]).map((r) => `a = a + b; b = ((b << ${r}u) | (b >> ${32 - r}u)) ^ a;`),
      `a = a + keys[${(i + 1) % 3}]; b = b + keys[${(i + 2) % 3}] + ${i + 1}u;`,
    ].join('\n  '),
  ).join('\n  ')}
  let word = select(b, a, (index & 1) == 0);
  return word >= bitcast<u32>(uniforms.threshold);
}
`;
