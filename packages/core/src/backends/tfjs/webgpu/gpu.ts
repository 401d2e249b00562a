/**
 * TensorFlow.js's WebGPU backend with three additions: tensors that are parts of one buffer (an optimizer steps over all
 * parameters at once), buffers that do not pile up, and failures of the device as errors of ours.
 */
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { LacunaError } from '../../../errors.ts';
import type { Shape } from '../../../tensor/tensor.ts';
import { BufferPool } from './buffer-pool.ts';
import type { Device } from './device.ts';

/** What TensorFlow.js's class keeps to itself and this one must reach. */
interface Internals {
  bufferManager: unknown;
  commandEncoder: unknown;
  tensorToBinding(tensor: TensorInfo): GPUBindingResource;
}

interface View {
  readonly flat: TensorInfo;
  readonly offset: number;
  readonly size: number;
}

/** Floats between the starts of two views at least: buffers are bound at multiples of 256 bytes. */
export const VIEW_ALIGNMENT = 64;

export class Gpu extends WebGPUBackend {
  /** The device knows subgroup operations. */
  readonly hasSubgroups: boolean;
  /** Their size where sums may rely on it, else 0. */
  subgroupSize = 0;
  readonly halves: boolean;
  readonly pool: BufferPool;
  /** Programs started so far. */
  dispatches = 0;
  /** Reads of a buffer so far. */
  readbacks = 0;
  readonly #views = new WeakMap<object, View>();
  #failure: LacunaError | undefined;
  #closed = false;

  constructor({ device, info, subgroups, halves }: Device) {
    // Programs must ask for subgroups in their first line, which TensorFlow.js writes.
    if (subgroups) enableInShaders(device, 'subgroups');
    super(device, info);
    this.hasSubgroups = subgroups;
    this.halves = halves;
    this.pool = new BufferPool(device);
    const internals = this as unknown as Internals;
    internals.bufferManager = this.pool;
    const whole = internals.tensorToBinding.bind(this);
    internals.tensorToBinding = (tensor) => {
      const view = this.#views.get(tensor.dataId);
      if (!view) return whole(tensor);
      const { buffer } = whole(view.flat) as GPUBufferBinding;
      return { buffer, offset: 4 * view.offset, size: 4 * view.size };
    };
    device.lost.then(({ message }) => {
      if (!this.#closed) this.#fail('device_lost', message || 'the driver gave no reason');
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      const memory = typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
      this.#fail(memory ? 'out_of_memory' : 'internal', error.message);
    });
  }

  #fail(code: 'device_lost' | 'out_of_memory' | 'internal', reason: string): void {
    const help = {
      device_lost: 'Go on from the last checkpoint, here or on the backend "wasm".',
      out_of_memory: 'Use a smaller batch, shorter passes or a smaller model.',
      internal: 'The backend "wasm" runs everywhere.',
    }[code];
    const what = {
      device_lost: 'the GPU was lost',
      out_of_memory: 'the GPU has no more memory',
      internal: 'the GPU refused a command',
    }[code];
    this.#failure ??= new LacunaError(code, `webgpu: ${what} (${reason.split('\n')[0]}). ${help}`, {
      backend: 'webgpu',
      reason,
    });
  }

  /** Throws what went wrong on the device since the backend was made: `device_lost`, `out_of_memory`, `internal`. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Gives memory and device back. */
  close(): void {
    this.#closed = true;
    this.device.destroy();
  }

  override runWebGPUProgram(...args: Parameters<WebGPUBackend['runWebGPUProgram']>): TensorInfo {
    this.dispatches++;
    return super.runWebGPUProgram(...args);
  }

  /** A part of a float32 tensor as a tensor of its own, over the same buffer. It lives as long as the whole. */
  view(flat: TensorInfo, offset: number, shape: Shape): TensorInfo {
    const size = shape.reduce((n, dim) => n * dim, 1);
    const dataId = this.write(null as never, [...shape], 'float32');
    this.uploadToGPU(flat.dataId);
    // Marked as on the GPU already and as someone else's, so that it is neither uploaded nor released.
    Object.assign(this.tensorMap.get(dataId), { resource: this.tensorMap.get(flat.dataId).resource, external: true });
    this.#views.set(dataId, { flat, offset, size });
    return { dataId, shape: [...shape], dtype: 'float32' };
  }

  /** Puts new values into a tensor's own buffer. */
  upload(tensor: TensorInfo, values: Float32Array): void {
    this.uploadToGPU(tensor.dataId);
    // Whatever was recorded before is to read the old values.
    this.#submit();
    this.queue.writeBuffer(
      this.tensorMap.get(tensor.dataId).resource as GPUBuffer,
      0,
      values as Float32Array<ArrayBuffer>,
    );
  }

  /** The first `size` values. Unlike `read` it keeps no copy, which would be stale once a program writes to the tensor. */
  async download({ dataId, dtype }: TensorInfo, size: number): Promise<Float32Array | Int32Array> {
    this.check();
    const { values, resource } = this.tensorMap.get(dataId);
    if (values) return (values as Float32Array).slice(0, size);
    const view = this.#views.get(dataId);
    this.readbacks++;
    let bytes: ArrayBuffer;
    try {
      bytes = await this.getBufferData(resource as GPUBuffer);
    } catch (cause) {
      // A lost device says so a moment after its buffers do.
      await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, 1000))]);
      this.check();
      throw cause;
    }
    this.check();
    const from = 4 * (view?.offset ?? 0);
    return dtype === 'int32' ? new Int32Array(bytes, from, size) : new Float32Array(bytes, from, size);
  }

  /** Sends what was recorded to the GPU and lets go of what ended with it. */
  flush(): void {
    this.#submit();
    this.pool.grow();
  }

  #submit(): void {
    this.endComputePassEncoder();
    if ((this as unknown as Internals).commandEncoder) this.submitQueue();
  }
}

function enableInShaders(device: GPUDevice, feature: string): void {
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) => create({ ...descriptor, code: `enable ${feature};\n${descriptor.code}` });
}
