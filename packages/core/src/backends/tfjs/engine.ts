/**
 * One TensorFlow.js backend as a library of kernels: what every op of this adapter is composed of.
 *
 * Kernels are called by name on a backend of our own choice and not through TensorFlow.js's engine, whose current backend
 * and scopes are one for the whole process: two backends may run here side by side. Every tensor that a kernel returns
 * counts one reference to its data; the innermost frame holds them and drops them at its end.
 */
import { getKernel, type KernelBackend, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Shape } from '../../tensor/tensor.ts';

export type EngineKind = 'wasm' | 'webgpu';

export class Engine {
  readonly kind: EngineKind;
  readonly backend: KernelBackend;
  readonly #frames: Set<TensorInfo>[] = [];

  constructor(kind: EngineKind, backend: KernelBackend) {
    this.kind = kind;
    this.backend = backend;
  }

  run(kernel: string, inputs: Readonly<Record<string, TensorInfo>>, attrs: NamedAttrMap = {}): TensorInfo {
    return this.#hold(this.#call(kernel, inputs, attrs) as TensorInfo);
  }

  /** For kernels of several outputs. */
  runMany(kernel: string, inputs: Readonly<Record<string, TensorInfo>>, attrs: NamedAttrMap = {}): TensorInfo[] {
    return (this.#call(kernel, inputs, attrs) as TensorInfo[]).map((info) => this.#hold(info));
  }

  #call(kernel: string, inputs: Readonly<Record<string, TensorInfo>>, attrs: NamedAttrMap): TensorInfo | TensorInfo[] {
    const config = getKernel(kernel, this.kind);
    if (!config) throw new Error(`tfjs: the ${this.kind} backend has no kernel ${kernel}.`);
    return config.kernelFunc({ inputs, attrs, backend: this.backend });
  }

  /** Host values on the backend; they are copied, as some backends upload later. */
  float(values: ArrayLike<number>, shape: Shape): TensorInfo {
    return this.#hold(this.#write(Float32Array.from(values), shape, 'float32'));
  }

  integer(values: Int32Array, shape: Shape): TensorInfo {
    return this.#hold(this.#write(Int32Array.from(values), shape, 'int32'));
  }

  #write(values: Float32Array | Int32Array, shape: Shape, dtype: 'float32' | 'int32'): TensorInfo {
    const own = [...shape];
    return { dataId: this.backend.write(values, own, dtype), shape: own, dtype };
  }

  zeros(shape: Shape): TensorInfo {
    return this.float(new Float32Array(shape.reduce((n, dim) => n * dim, 1)), shape);
  }

  /** Takes on a tensor that was made on the backend directly. */
  adopt(info: TensorInfo): TensorInfo {
    return this.#hold(info);
  }

  /** The same data under another shape, as one more reference. */
  alias(x: TensorInfo, shape: Shape): TensorInfo {
    return this.run('Reshape', { x }, { shape: [...shape] });
  }

  /** Runs `fn` in a frame of its own: of what it makes only what it returns lives on, in the frame outside. */
  tidy<T extends TensorInfo | readonly TensorInfo[]>(fn: () => T): T {
    this.enter();
    let result: T | undefined;
    try {
      result = fn();
      return result;
    } finally {
      const kept = result === undefined ? [] : ([result].flat() as TensorInfo[]);
      this.leave(kept);
    }
  }

  enter(): void {
    this.#frames.push(new Set());
  }

  /** Drops what the innermost frame holds, but `kept`, which the one outside gets. */
  leave(kept: readonly TensorInfo[] = []): void {
    const frame = this.#frames.pop();
    for (const info of kept) if (frame?.delete(info)) this.#hold(info);
    for (const info of frame ?? []) this.drop(info);
  }

  /** Takes a tensor out of its frame: it lives until it is dropped. */
  keep(info: TensorInfo): TensorInfo {
    for (const frame of this.#frames) if (frame.delete(info)) break;
    return info;
  }

  drop(info: TensorInfo): void {
    this.backend.disposeData(info.dataId);
  }

  #hold(info: TensorInfo): TensorInfo {
    this.#frames.at(-1)?.add(info);
    return info;
  }
}
