/** Groups of tensors in flat buffers, and what a step does to them. */
import { expectGroups, expectLength, expectSame } from '../../ops/shapes.ts';
import type { AdamWOptions, TensorGroup } from '../../ops/trainable-ops.ts';
import { clipScale } from '../../optim/adamw.ts';
import { type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { ReferenceInference } from './inference.ts';
import { ReferenceTensor } from './tensors.ts';

interface ReferenceGroup extends TensorGroup {
  readonly flat: Float64Array;
}

const flatOf = (group: TensorGroup) => (group as ReferenceGroup).flat;

export class ReferenceGroups extends ReferenceInference {
  readonly deferred = false;

  group(shapes: Readonly<Record<string, Shape>>): TensorGroup {
    const size = Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0);
    const flat = new Float64Array(size);
    const tensors: Record<string, Tensor> = {};
    let at = 0;
    for (const [name, shape] of Object.entries(shapes)) {
      tensors[name] = new ReferenceTensor(shape, flat.subarray(at, at + sizeOf(shape)), 0);
      at += sizeOf(shape);
    }
    return { tensors, size, flat } as ReferenceGroup;
  }

  async readGroup(group: TensorGroup, into = new Float32Array(group.size)): Promise<Float32Array> {
    expectLength('readGroup', 'into', into, group.size);
    into.set(flatOf(group));
    return into;
  }

  writeGroup(group: TensorGroup, values: Float32Array): void {
    expectLength('writeGroup', 'values', values, group.size);
    flatOf(group).set(values);
  }

  zeroGroup(group: TensorGroup): void {
    flatOf(group).fill(0);
  }

  squaredNorm(group: TensorGroup): Tensor {
    return this.tensor([flatOf(group).reduce((sum, x) => sum + x * x, 0)], []);
  }

  clipFactor(squaredNorm: Tensor, clip: number): Tensor {
    return this.tensor([clipScale(Math.sqrt(this.values(squaredNorm)[0] as number), clip)], []);
  }

  lerpGroup(target: TensorGroup, source: TensorGroup, weight: number): void {
    expectGroups('lerpGroup', target.size, { source });
    const [to, from] = [flatOf(target), flatOf(source)];
    for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + weight * ((from[i] as number) - (to[i] as number));
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
    const [p, g, first, second] = [parameters, gradients, m, v].map(flatOf) as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const scale = typeof gradientScale === 'number' ? gradientScale : (this.values(gradientScale)[0] as number);
    if (Number.isNaN(scale)) return;
    let i = 0;
    for (const [name, tensor] of Object.entries(parameters.tensors)) {
      const decay = decayed.has(name) ? weightDecay : 0;
      for (const end = i + sizeOf(tensor.shape); i < end; i++) {
        const gradient = (g[i] as number) * scale;
        const mean = beta1 * (first[i] as number) + (1 - beta1) * gradient;
        const square = beta2 * (second[i] as number) + (1 - beta2) * gradient * gradient;
        first[i] = mean;
        second[i] = square;
        const update = mean / (1 - beta1 ** step) / (Math.sqrt(square / (1 - beta2 ** step)) + epsilon);
        p[i] = (p[i] as number) * (1 - learningRate * decay) - learningRate * update;
      }
    }
  }

  accumulate(into: Tensor, x: Tensor, factor: number | Tensor = 1): void {
    expectSame('accumulate', into, x);
    const by = typeof factor === 'number' ? factor : (this.values(factor)[0] as number);
    const [to, from] = [this.values(into), this.values(x)];
    for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + by * (from[i] as number);
  }
}
