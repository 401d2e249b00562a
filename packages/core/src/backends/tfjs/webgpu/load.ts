/** The `webgpu` backend on a device of its own. */
import { Engine } from '../engine.ts';
import { TfjsBackend } from '../training.ts';
import { WebgpuBackend, type WebgpuOptions } from './backend.ts';
import { requestDevice } from './device.ts';
import { Gpu } from './gpu.ts';

/** `gpu` is `navigator.gpu`. Throws `backend_unavailable` and says why. */
export async function createWebgpuBackend(gpu: GPU | undefined, options?: WebgpuOptions): Promise<WebgpuBackend> {
  return new WebgpuBackend(new Gpu(await requestDevice(gpu)), options);
}

/** The same ops composed of TensorFlow.js's own kernels: what the fused programs are measured against. */
export async function createUnfusedWebgpuBackend(gpu: GPU | undefined): Promise<TfjsBackend> {
  return new TfjsBackend('webgpu-unfused', new Engine('webgpu', new Gpu(await requestDevice(gpu))));
}
