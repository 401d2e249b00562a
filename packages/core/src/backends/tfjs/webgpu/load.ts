/** The `webgpu` backend on a device of its own. */
import type { TrainableOps } from '../../../ops/trainable-ops.ts';
import { Engine } from '../engine.ts';
import { TfjsBackend } from '../training.ts';
import { WebgpuBackend, type WebgpuOptions } from './backend.ts';
import { requestDevice } from './device.ts';
import { Gpu } from './gpu.ts';
import { probeSubgroups, type SubgroupSizes } from './reduce.ts';

/** A backend on a GPU, and what it has asked of it so far. */
export interface GpuBackend extends TrainableOps {
  readonly counts: { readonly dispatches: number; readonly readbacks: number };
  /** Bytes of GPU memory, free buffers included. */
  memoryBytes(): number;
  close(): void;
}

/** `gpu` is `navigator.gpu`. Throws `backend_unavailable` and says why. */
export async function createWebgpuBackend(gpu: GPU | undefined, options?: WebgpuOptions): Promise<GpuBackend> {
  const device = await requestDevice(gpu);
  const kernels = new Gpu(device);
  if (options?.subgroups !== false) {
    kernels.subgroupSize = await probeSubgroups(kernels, device.info as SubgroupSizes);
  }
  return new WebgpuBackend(kernels, options);
}

/** The same ops composed of TensorFlow.js's own kernels: what the fused programs are measured against. */
export async function createUnfusedWebgpuBackend(gpu: GPU | undefined): Promise<GpuBackend> {
  return new Unfused(new Gpu(await requestDevice(gpu)));
}

class Unfused extends TfjsBackend implements GpuBackend {
  override readonly deferred = true;
  readonly counts: Gpu;

  constructor(gpu: Gpu) {
    super('webgpu-unfused', new Engine('webgpu', gpu));
    this.counts = gpu;
  }

  memoryBytes(): number {
    return this.counts.pool.numBytesAllocated;
  }

  close(): void {
    this.counts.close();
  }

  protected override endScope(): void {
    super.endScope();
    this.counts.flush();
    this.counts.check();
  }
}
