/** Groups of tensors in flat buffers, and what a step does to them: norms, AdamW, averages. */
import { expectGroups, expectLength } from '../../ops/shapes.ts';
import type { AdamWOptions, TensorGroup } from '../../ops/trainable-ops.ts';
import { clipScale } from '../../optim/adamw.ts';
import { type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { WasmTensor } from './arena.ts';
import { WasmInference } from './inference.ts';
import type { TrainingKernels } from './training-kernels.ts';

/** A group's flat buffer. */
interface WasmGroup extends TensorGroup {
  readonly at: number;
}

/** The forward ops with groups; `training.ts` adds the gradients. */
export class WasmGroups extends WasmInference<TrainingKernels> {
  readonly deferred = false;

  group(shapes: Readonly<Record<string, Shape>>): TensorGroup {
    const size = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
    const start = this.persistent([size]) as WasmTensor;
    const tensors: Record<string, Tensor> = {};
    let at = start.at;
    for (const [name, shape] of Object.entries(shapes)) {
      tensors[name] = new WasmTensor(shape, 'float32', at, 0);
      at += 4 * sizeOf(shape);
    }
    return { tensors, size, at: start.at } as WasmGroup;
  }

  #flat(group: TensorGroup): Float32Array {
    return this.arena.floats((group as WasmGroup).at, group.size);
  }

  async readGroup(group: TensorGroup, into = new Float32Array(group.size)): Promise<Float32Array> {
    expectLength('readGroup', 'into', into, group.size);
    into.set(this.#flat(group));
    return into;
  }

  writeGroup(group: TensorGroup, values: Float32Array): void {
    expectLength('writeGroup', 'values', values, group.size);
    this.#flat(group).set(values);
  }

  zeroGroup(group: TensorGroup): void {
    this.#flat(group).fill(0);
  }

  squaredNorm(group: TensorGroup): Tensor {
    return this.tensor([this.kernels.squaredNorm(group.size, (group as WasmGroup).at)], []);
  }

  clipFactor(squaredNorm: Tensor, clip: number): Tensor {
    return this.tensor([clipScale(Math.sqrt(this.values(squaredNorm)[0] as number), clip)], []);
  }

  lerpGroup(target: TensorGroup, source: TensorGroup, weight: number): void {
    expectGroups('lerpGroup', target.size, { source });
    this.kernels.lerp(target.size, weight, (source as WasmGroup).at, (target as WasmGroup).at);
  }

  adamwStep(
    parameters: TensorGroup,
    gradients: TensorGroup,
    m: TensorGroup,
    v: TensorGroup,
    options: AdamWOptions,
  ): void {
    const { learningRate, beta1, beta2, epsilon, weightDecay, step, gradientScale, decayed } = options;
    expectGroups('adamwStep', parameters.size, { gradients, m, v });
    const scale = typeof gradientScale === 'number' ? gradientScale : (this.values(gradientScale)[0] as number);
    if (Number.isNaN(scale)) return;
    const inverse1 = 1 / (1 - beta1 ** step);
    const inverse2 = 1 / (1 - beta2 ** step);
    let offset = 0;
    for (const [name, tensor] of Object.entries(parameters.tensors)) {
      const n = sizeOf(tensor.shape);
      const places = [parameters, gradients, m, v].map((group) => (group as WasmGroup).at + offset);
      const decay = decayed.has(name) ? weightDecay : 0;
      this.kernels.adamw(n, ...places, learningRate, beta1, beta2, epsilon, decay, inverse1, inverse2, scale);
      offset += 4 * n;
    }
  }
}
