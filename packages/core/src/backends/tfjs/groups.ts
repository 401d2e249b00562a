/** Groups of tensors, and what a step does to them, composed of kernels: tensor by tensor, since kernels have no views. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { expectGroups, expectLength, expectSame } from '../../ops/shapes.ts';
import type { AdamWOptions, TensorGroup } from '../../ops/trainable-ops.ts';
import { type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { Arithmetic } from './arithmetic.ts';
import { TfjsInference } from './inference.ts';

export class TfjsGroups extends TfjsInference {
  readonly deferred: boolean = false;

  group(shapes: Readonly<Record<string, Shape>>): TensorGroup {
    const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, this.persistent(shape)]));
    return { tensors, size: Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape), 0) };
  }

  async readGroup(group: TensorGroup, into = new Float32Array(group.size)): Promise<Float32Array> {
    expectLength('readGroup', 'into', into, group.size);
    let at = 0;
    for (const tensor of Object.values(group.tensors)) {
      into.set(await this.read(tensor), at);
      at += sizeOf(tensor.shape);
    }
    return into;
  }

  writeGroup(group: TensorGroup, values: Float32Array): void {
    expectLength('writeGroup', 'values', values, group.size);
    let at = 0;
    for (const tensor of Object.values(group.tensors)) {
      const part = values.subarray(at, at + sizeOf(tensor.shape));
      this.replace(tensor, () => this.engine.float(part, tensor.shape));
      at += sizeOf(tensor.shape);
    }
  }

  zeroGroup(group: TensorGroup): void {
    for (const tensor of Object.values(group.tensors)) this.replace(tensor, () => this.engine.zeros(tensor.shape));
  }

  squaredNorm(group: TensorGroup): Tensor {
    return this.compute([], (tf) =>
      Object.values(group.tensors)
        .map((tensor) => tf.sumAll(tf.square(this.info(tensor))))
        .reduce((sum, part) => tf.add(sum, part)),
    );
  }

  clipFactor(squaredNorm: Tensor, clip: number): Tensor {
    return this.compute([], (tf) => {
      const norm = tf.sqrt(this.info(squaredNorm));
      const factor = clip > 0 ? tf.div(clip, tf.atLeast(norm, clip)) : this.engine.float([1], []);
      // Zero times what is not finite is not a number.
      return tf.add(factor, tf.mul(norm, 0));
    });
  }

  lerpGroup(target: TensorGroup, source: TensorGroup, weight: number): void {
    expectGroups('lerpGroup', target.size, { source });
    for (const [name, tensor] of Object.entries(target.tensors)) {
      const from = this.info(source.tensors[name] as Tensor);
      this.addInto(tensor, (tf) => tf.mul(tf.sub(from, this.info(tensor)), weight));
    }
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
    const scale = typeof gradientScale === 'number' ? gradientScale : this.scalar(gradientScale);
    if (typeof scale === 'number' && Number.isNaN(scale)) return;
    for (const [name, parameter] of Object.entries(parameters.tensors)) {
      const [first, second] = [m.tensors[name] as Tensor, v.tensors[name] as Tensor];
      const gradient = (tf: Arithmetic) => tf.mul(this.info(gradients.tensors[name] as Tensor), scale);
      const moved = (tf: Arithmetic, from: Tensor, beta: number, to: TensorInfo) =>
        tf.add(tf.mul(this.info(from), beta), tf.mul(to, 1 - beta));
      this.replace(first, (tf) => moved(tf, first, beta1, gradient(tf)));
      this.replace(second, (tf) => moved(tf, second, beta2, tf.square(gradient(tf))));
      const decay = 1 - learningRate * (decayed.has(name) ? weightDecay : 0);
      this.replace(parameter, (tf) => {
        const mean = tf.mul(this.info(first), learningRate / (1 - beta1 ** step));
        const deviation = tf.sqrt(tf.mul(this.info(second), 1 / (1 - beta2 ** step)));
        return tf.sub(tf.mul(this.info(parameter), decay), tf.div(mean, tf.add(deviation, epsilon)));
      });
    }
  }

  /** A scalar for the host, where reading does not wait for a device. */
  protected scalar(tensor: Tensor): number | TensorInfo {
    const info = this.info(tensor);
    if (this.engine.kind === 'webgpu') return info;
    return (this.engine.backend.readSync(info.dataId) as Float32Array)[0] as number;
  }

  accumulate(into: Tensor, x: Tensor, factor: number | Tensor = 1): void {
    expectSame('accumulate', into, x);
    const by = typeof factor === 'number' ? factor : this.info(factor);
    this.addInto(into, (tf) => (by === 1 ? this.info(x) : tf.mul(this.info(x), by)));
  }

  /** into += what `fn` computes. */
  protected addInto(into: Tensor, fn: (tf: Arithmetic) => TensorInfo): void {
    this.replace(into, (tf) => tf.add(this.info(into), fn(tf)));
  }
}
