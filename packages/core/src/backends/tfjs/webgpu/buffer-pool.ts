/**
 * GPU buffers by size class. TensorFlow.js keeps every freed buffer for one of exactly its size; in training each batch
 * has other sizes, so what it keeps would grow without end. Here sizes are rounded up, four classes an octave, and a
 * buffer that no one has wanted for a while is destroyed.
 */

/** Scopes that a free buffer waits for its next use. */
const PATIENCE = 32;

const SMALLEST = 256;

/** The next of 256, 320, 384, 448, 512, 640, …: at most a quarter is wasted. */
export function sizeClass(size: number): number {
  if (size <= SMALLEST) return SMALLEST;
  const step = 2 ** (Math.floor(Math.log2(size)) - 2);
  return Math.ceil(size / step) * step;
}

interface Free {
  readonly buffer: GPUBuffer;
  readonly since: number;
}

/** Stands in for TensorFlow.js's `BufferManager`: the same methods, the same counts. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #free = new Map<string, Free[]>();
  readonly #used = new Set<GPUBuffer>();
  #age = 0;
  numBytesUsed = 0;
  numBytesAllocated = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  acquireBuffer(size: number, usage: number, mappedAtCreation = false, reuse = true): GPUBuffer {
    const bytes = sizeClass(size);
    const buffer =
      (reuse ? this.#free.get(key(bytes, usage))?.pop()?.buffer : undefined) ??
      this.#create(bytes, usage, mappedAtCreation);
    this.#used.add(buffer);
    this.numBytesUsed += bytes;
    return buffer;
  }

  #create(size: number, usage: number, mappedAtCreation: boolean): GPUBuffer {
    this.numBytesAllocated += size;
    return this.#device.createBuffer({ size, usage, mappedAtCreation });
  }

  releaseBuffer(buffer: GPUBuffer, reuse = true): void {
    if (!this.#used.delete(buffer)) return;
    this.numBytesUsed -= buffer.size;
    if (!reuse) {
      this.#destroy(buffer);
      return;
    }
    const waiting = this.#free.get(key(buffer.size, buffer.usage)) ?? [];
    waiting.push({ buffer, since: this.#age });
    this.#free.set(key(buffer.size, buffer.usage), waiting);
  }

  /** A scope has ended: those that waited too long go. The one freed last is taken first, so the idle ones stand in front. */
  grow(): void {
    this.#age++;
    for (const waiting of this.#free.values()) {
      while (waiting[0] && this.#age - waiting[0].since > PATIENCE) this.#destroy((waiting.shift() as Free).buffer);
    }
  }

  #destroy(buffer: GPUBuffer): void {
    buffer.destroy();
    this.numBytesAllocated -= buffer.size;
  }

  dispose(): void {
    for (const waiting of this.#free.values()) for (const { buffer } of waiting) buffer.destroy();
    for (const buffer of this.#used) buffer.destroy();
    this.#free.clear();
    this.#used.clear();
    this.numBytesUsed = 0;
    this.numBytesAllocated = 0;
  }
}

function key(size: number, usage: number): string {
  return `${size} ${usage}`;
}
