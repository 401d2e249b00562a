/** Groups in flat buffers, whose tensors are views; what a step does to them goes over all parameters at once. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { LacunaError } from '../../../errors.ts';
import { expectGroups, expectLength, expectSame } from '../../../ops/shapes.ts';
import type { AdamWOptions, TensorGroup } from '../../../ops/trainable-ops.ts';
import { type Shape, sizeOf, type Tensor } from '../../../tensor/tensor.ts';
import { Engine } from '../engine.ts';
import { TfjsTensor } from '../tensors.ts';
import { TfjsBackend } from '../training.ts';
import { accumulate, fill } from './elementwise.ts';
import { type Gpu, VIEW_ALIGNMENT } from './gpu.ts';
import { adamw, clipFactor, lerp } from './optimizer.ts';
import { squaredSum } from './partials.ts';

/** Tensors stand at aligned offsets of the flat buffer; the gaps between them are zeros and stay so. */
interface GpuGroup extends TensorGroup {
  readonly flat: TensorInfo;
  readonly offsets: Readonly<Record<string, number>>;
  /** Floats of the flat buffer. */
  readonly length: number;
}

const aligned = (size: number) => Math.ceil(size / VIEW_ALIGNMENT) * VIEW_ALIGNMENT;

export class WebgpuGroups extends TfjsBackend {
  override readonly deferred = true;
  readonly gpu: Gpu;
  /** Which values decay, as ones and zeros, by the set of names. */
  readonly #decays = new WeakMap<ReadonlySet<string>, TensorInfo>();

  constructor(gpu: Gpu) {
    super('webgpu', new Engine('webgpu', gpu));
    this.gpu = gpu;
  }

  /** Frees the GPU's memory and the device. */
  close(): void {
    this.gpu.close();
  }

  get counts(): { readonly dispatches: number; readonly readbacks: number } {
    return this.gpu;
  }

  memoryBytes(): number {
    return this.gpu.pool.numBytesAllocated;
  }

  protected override async readInfo(info: TensorInfo, size: number): Promise<Float32Array> {
    return (await this.gpu.download(info, size)) as Float32Array;
  }

  protected override endScope(): void {
    super.endScope();
    this.gpu.flush();
    this.gpu.check();
  }

  override group(shapes: Readonly<Record<string, Shape>>): TensorGroup {
    const offsets: Record<string, number> = {};
    let [length, size] = [0, 0];
    for (const [name, shape] of Object.entries(shapes)) {
      offsets[name] = length;
      length += aligned(sizeOf(shape));
      size += sizeOf(shape);
    }
    this.#expectRoom(4 * length);
    const flat = this.engine.keep(this.engine.zeros([length]));
    const tensors = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        new TfjsTensor(shape, this.gpu.view(flat, offsets[name] as number, shape), 0),
      ]),
    );
    return { tensors, size, flat, offsets, length } as GpuGroup;
  }

  #expectRoom(need: number): void {
    for (const limit of ['maxStorageBufferBindingSize', 'maxBufferSize'] as const) {
      const got = this.gpu.device.limits[limit];
      if (need <= got) continue;
      throw new LacunaError(
        'out_of_memory',
        `webgpu: the parameters need ${need} bytes in one buffer, the adapter's ${limit} is ${got}. Use a smaller model or the backend "wasm".`,
        { limit, need, got },
      );
    }
  }

  override async readGroup(group: TensorGroup, into = new Float32Array(group.size)): Promise<Float32Array> {
    expectLength('readGroup', 'into', into, group.size);
    const { flat, length } = group as GpuGroup;
    const values = await this.gpu.download(flat, length);
    this.#forEach(group, (at, offset, size) => into.set(values.subarray(offset, offset + size), at));
    return into;
  }

  override writeGroup(group: TensorGroup, values: Float32Array): void {
    expectLength('writeGroup', 'values', values, group.size);
    const { flat, length } = group as GpuGroup;
    const spaced = new Float32Array(length);
    this.#forEach(group, (at, offset, size) => spaced.set(values.subarray(at, at + size), offset));
    this.gpu.upload(flat, spaced);
  }

  /** Every tensor's place in the dense order and in the flat buffer. */
  #forEach(group: TensorGroup, each: (at: number, offset: number, size: number) => void): void {
    const { offsets, tensors } = group as GpuGroup;
    let at = 0;
    for (const [name, { shape }] of Object.entries(tensors)) {
      each(at, offsets[name] as number, sizeOf(shape));
      at += sizeOf(shape);
    }
  }

  override zeroGroup(group: TensorGroup): void {
    const { flat, length } = group as GpuGroup;
    fill(this.gpu, length, 0, { into: flat });
  }

  override squaredNorm(group: TensorGroup): Tensor {
    const { flat, length } = group as GpuGroup;
    return this.handle(this.engine.adopt(squaredSum(this.gpu, flat, length)), []);
  }

  override clipFactor(squaredNorm: Tensor, clip: number): Tensor {
    return this.handle(this.engine.adopt(clipFactor(this.gpu, this.info(squaredNorm), clip)), []);
  }

  override lerpGroup(target: TensorGroup, source: TensorGroup, weight: number): void {
    expectGroups('lerpGroup', target.size, { source });
    const { flat, length } = target as GpuGroup;
    lerp(this.gpu, flat, (source as GpuGroup).flat, length, weight);
  }

  override adamwStep(
    parameters: TensorGroup,
    gradients: TensorGroup,
    m: TensorGroup,
    v: TensorGroup,
    options: AdamWOptions,
  ): void {
    expectGroups('adamwStep', parameters.size, { gradients, m, v });
    const { gradientScale, decayed } = options;
    const flat = (group: TensorGroup) => (group as GpuGroup).flat;
    this.engine.tidy(() => {
      adamw(
        this.gpu,
        {
          parameters: flat(parameters),
          gradients: flat(gradients),
          m: flat(m),
          v: flat(v),
          decays: this.#decaysOf(parameters as GpuGroup, decayed),
          scale: typeof gradientScale === 'number' ? this.engine.float([gradientScale], [1]) : this.info(gradientScale),
        },
        (parameters as GpuGroup).length,
        options,
      );
      return [];
    });
  }

  #decaysOf(group: GpuGroup, decayed: ReadonlySet<string>): TensorInfo {
    const known = this.#decays.get(decayed);
    if (known) return known;
    const decays = new Float32Array(group.length);
    for (const [name, { shape }] of Object.entries(group.tensors)) {
      const offset = group.offsets[name] as number;
      if (decayed.has(name)) decays.fill(1, offset, offset + sizeOf(shape));
    }
    const info = this.engine.keep(this.engine.float(decays, [group.length]));
    this.#decays.set(decayed, info);
    return info;
  }

  override accumulate(into: Tensor, x: Tensor, factor: number | Tensor = 1): void {
    expectSame('accumulate', into, x);
    const by = typeof factor === 'number' ? factor : this.info(factor);
    accumulate(this.gpu, this.info(into), this.info(x), sizeOf(x.shape), by);
  }
}
