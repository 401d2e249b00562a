/** What a step does to whole groups: AdamW over the flat buffers, and averages. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { AdamWOptions } from '../../../ops/trainable-ops.ts';
import { elementwise } from './elementwise.ts';
import type { Gpu } from './gpu.ts';
import { float } from './program.ts';

export interface AdamWBuffers {
  readonly parameters: TensorInfo;
  readonly gradients: TensorInfo;
  readonly m: TensorInfo;
  readonly v: TensorInfo;
  /** 1 where weights decay, 0 elsewhere. */
  readonly decays: TensorInfo;
  /** What gradients are multiplied by, a scalar; where it is not a number, nothing changes. */
  readonly scale: TensorInfo;
}

/** Three programs, as each writes one buffer: both moments, then the parameters. */
export function adamw(gpu: Gpu, buffers: AdamWBuffers, size: number, options: AdamWOptions): void {
  const { gradients, m, v, decays, scale, parameters } = buffers;
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = options;
  const moved = (power: 1 | 2) => /* wgsl */ `
fn moved(index : i32) -> f32 {
  if (isnan(scale[0])) { return result[index]; }
  let g = gradients[index] * scale[0];
  return uniforms.beta * result[index] + (1.0 - uniforms.beta) * ${power === 1 ? 'g' : 'g * g'};
}`;
  for (const [power, into, beta] of [
    [1, m, beta1],
    [2, v, beta2],
  ] as const) {
    elementwise(gpu, `adamw moment ${power}`, size, { gradients, scale }, 'moved(index)', {
      uniforms: { beta: float(beta) },
      functions: moved(power),
      output: { into },
    });
  }
  elementwise(gpu, 'adamw', size, { m, v, decays, scale }, 'stepped(index)', {
    uniforms: {
      rate: float(learningRate),
      decay: float(learningRate * weightDecay),
      inverse1: float(1 / (1 - beta1 ** step)),
      inverse2: float(1 / (1 - beta2 ** step)),
      epsilon: float(epsilon),
    },
    functions: /* wgsl */ `
fn stepped(index : i32) -> f32 {
  if (isnan(scale[0])) { return result[index]; }
  let update = m[index] * uniforms.inverse1 / (sqrt(v[index] * uniforms.inverse2) + uniforms.epsilon);
  return result[index] * (1.0 - uniforms.decay * decays[index]) - uniforms.rate * update;
}`,
    output: { into: parameters },
  });
}

/** target += weight · (source − target) */
export function lerp(gpu: Gpu, target: TensorInfo, source: TensorInfo, size: number, weight: number): void {
  elementwise(gpu, 'lerp', size, { source }, 'result[index] + uniforms.weight * (source[index] - result[index])', {
    uniforms: { weight: float(weight) },
    output: { into: target },
  });
}

/** min(1, clip/√x) of a scalar; NaN where x is not finite. A clip of 0 clips nothing. */
export function clipFactor(gpu: Gpu, squaredNorm: TensorInfo, clip: number): TensorInfo {
  return elementwise(gpu, 'clipFactor', 1, { squared: squaredNorm }, 'factor(squared[0])', {
    uniforms: { clip: float(clip) },
    functions: /* wgsl */ `
fn factor(squared : f32) -> f32 {
  if (isnan(squared) || isinf(squared)) { return uniforms.NAN; }
  if (uniforms.clip <= 0.0) { return 1.0; }
  return min(1.0, uniforms.clip / max(sqrt(squared), 1e-30));
}`,
  });
}
