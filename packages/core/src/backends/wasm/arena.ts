/**
 * Memory of the WASM backend: a bump pointer over one WebAssembly.Memory.
 *
 *   | static data | persistent tensors … | scope: tensors of this step … → | free
 *
 * The end of a scope puts the pointer back. Handles hold offsets and never views, since growth detaches those.
 */
import { LacunaError } from '../../errors.ts';
import { type DType, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';

export const PAGE_BYTES = 65_536;
/** All that 32-bit addresses reach. */
export const MAX_PAGES = 65_536;

export class WasmTensor implements Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Byte offset of the values, and of an int8 tensor's scales. */
  readonly at: number;
  readonly scales: number;
  readonly size: number;
  /** The scope it lives in; 0 for ever. */
  readonly scope: number;

  constructor(shape: Shape, dtype: DType, at: number, scope: number, scales = 0) {
    this.shape = shape;
    this.dtype = dtype;
    this.at = at;
    this.scope = scope;
    this.scales = scales;
    this.size = sizeOf(shape);
  }
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly #maxPages: number;
  /** Where the running scope began; everything below stays. */
  #base: number;
  #top: number;
  /** Counts scopes; odd while one runs. */
  #scope = 0;

  /** `maxPages`: what the memory may grow to. */
  constructor(memory: WebAssembly.Memory, from: number, maxPages: number) {
    this.memory = memory;
    this.#maxPages = maxPages;
    this.#base = align(from);
    this.#top = this.#base;
  }

  /** The scope that new tensors belong to; 0 outside. */
  get scope(): number {
    return this.#scope % 2 === 1 ? this.#scope : 0;
  }

  enter(): void {
    this.#base = this.#top;
    this.#scope++;
  }

  leave(): void {
    this.#top = this.#base;
    this.#scope++;
  }

  /** `bytes` at a multiple of 16, with room for a vector that reaches over the end. Throws `out_of_memory`. */
  allocate(bytes: number): number {
    const at = this.#top;
    const end = align(at + bytes) + 16;
    this.#ensure(end);
    this.#top = end;
    return at;
  }

  /** `allocate` for what outlives the scope. Inside one, what the scope has made so far stays allocated, too. */
  allocatePersistent(bytes: number): number {
    const at = this.allocate(bytes);
    this.#base = this.#top;
    return at;
  }

  /** Runs `fn` with scratch memory that is free again after it. `fn` makes no tensors. */
  withScratch<T>(bytes: number, fn: (at: number) => T): T {
    const top = this.#top;
    const at = this.allocate(bytes);
    try {
      return fn(at);
    } finally {
      this.#top = top;
    }
  }

  /** Throws `invalid_argument` for a tensor whose scope has ended. */
  check(tensor: WasmTensor): WasmTensor {
    if (tensor.scope === 0 || tensor.scope === this.#scope) return tensor;
    throw new LacunaError('invalid_argument', 'wasm: this tensor died with its scope. Read what is to survive.');
  }

  floats(at: number, size: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, size);
  }

  ints(at: number, size: number): Int32Array {
    return new Int32Array(this.memory.buffer, at, size);
  }

  #ensure(end: number): void {
    const have = this.memory.buffer.byteLength;
    if (end <= have) return;
    const pages = Math.ceil((end - have) / PAGE_BYTES);
    const roomy = Math.min(Math.max(pages, Math.ceil(have / PAGE_BYTES / 4)), this.#maxPages - have / PAGE_BYTES);
    try {
      this.memory.grow(Math.max(pages, roomy));
    } catch (cause) {
      throw new LacunaError(
        'out_of_memory',
        `wasm: cannot grow from ${have} to ${end} bytes. Use a smaller batch or fewer lanes.`,
        { have, need: end },
        { cause },
      );
    }
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 16) * 16;
}
