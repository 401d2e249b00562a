/** What every op of the WASM backend stands on: an instance of the kernels, its arena, and tensors in and out of it. */
import { LacunaError } from '../../errors.ts';
import { expectLength } from '../../ops/shapes.ts';
import { expectShape, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { Arena, MAX_PAGES, WasmTensor } from './arena.ts';
import { type InferenceKernels, instantiate } from './kernels.ts';

export class WasmTensors<K extends InferenceKernels = InferenceKernels> {
  readonly name = 'wasm';
  readonly arena: Arena;
  readonly kernels: K;
  /** Where gemm packs its panels. */
  readonly gemmScratch: number;
  #running: Promise<unknown> = Promise.resolve();

  /** `maxPages`: 64 KiB each; a tensor that needs more throws `out_of_memory`. */
  constructor(module: WebAssembly.Module, maxPages = MAX_PAGES) {
    const memory = new WebAssembly.Memory({ initial: Math.min(32, maxPages), maximum: maxPages });
    this.kernels = instantiate<K>(module, memory);
    this.arena = new Arena(memory, this.kernels.heapBase(), maxPages);
    this.gemmScratch = this.arena.allocatePersistent(this.kernels.gemmScratchBytes());
  }

  /** Bytes of the instance's memory. */
  memoryBytes(): number {
    return this.arena.memory.buffer.byteLength;
  }

  /** The handle as this backend's own; throws `invalid_argument` for one that died. */
  own(tensor: Tensor): WasmTensor {
    if (tensor instanceof WasmTensor) return this.arena.check(tensor);
    throw new LacunaError('invalid_argument', 'wasm: this tensor belongs to another backend.');
  }

  /** An uninitialised float32 tensor of the running scope. */
  make(shape: Shape): WasmTensor {
    return new WasmTensor(shape, 'float32', this.arena.allocate(4 * sizeOf(shape)), this.arena.scope);
  }

  /** Host integers in the arena: their offset. 0 for undefined. */
  integers(values: Int32Array | undefined): number {
    if (!values) return 0;
    const at = this.arena.allocate(4 * values.length);
    this.arena.ints(at, values.length).set(values);
    return at;
  }

  tensor(values: ArrayLike<number>, shape: Shape): Tensor {
    expectLength('tensor', 'values', values, sizeOf(shape));
    const tensor = this.make(shape);
    this.arena.floats(tensor.at, tensor.size).set(values);
    return tensor;
  }

  quantizedTensor(values: Int8Array, scales: Float32Array, shape: Shape): Tensor {
    expectShape('quantizedTensor', 'shape', shape, [-1, -1]);
    expectLength('quantizedTensor', 'values', values, sizeOf(shape));
    expectLength('quantizedTensor', 'scales', scales, shape[0] as number);
    // The kernel reads whole vectors, beyond the end of the last row too.
    const at = this.arena.allocatePersistent(values.length + 15);
    new Int8Array(this.arena.memory.buffer, at, values.length).set(values);
    const scalesAt = this.arena.allocatePersistent(4 * scales.length);
    this.arena.floats(scalesAt, scales.length).set(scales);
    return new WasmTensor(shape, 'int8', at, 0, scalesAt);
  }

  persistent(shape: Shape, values?: ArrayLike<number>): Tensor {
    const size = sizeOf(shape);
    if (values) expectLength('persistent', 'values', values, size);
    const at = this.arena.allocatePersistent(4 * size);
    const view = this.arena.floats(at, size);
    if (values) view.set(values);
    else view.fill(0);
    return new WasmTensor(shape, 'float32', at, 0);
  }

  async read(tensor: Tensor): Promise<Float32Array> {
    const { at, size, dtype } = this.own(tensor);
    if (dtype === 'int32') return this.arena.ints(at, size).slice() as unknown as Float32Array;
    return this.arena.floats(at, size).slice();
  }

  scope<T>(fn: () => Promise<T> | T): Promise<T> {
    const run = this.#running.then(async () => {
      this.arena.enter();
      try {
        return await fn();
      } finally {
        this.arena.leave();
      }
    });
    this.#running = run.catch(() => undefined);
    return run;
  }

  /** A view of a float tensor's values; it dies when memory grows. */
  values(tensor: Tensor): Float32Array {
    const { at, size } = this.own(tensor);
    return this.arena.floats(at, size);
  }
}
