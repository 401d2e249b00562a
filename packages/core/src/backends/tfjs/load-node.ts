/**
 * The TensorFlow.js backends in Node: WASM kernels from the installed package, WebGPU through Dawn. TensorFlow.js is loaded
 * only when one is asked for.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { LacunaError } from '../../errors.ts';
import type { TrainableOps } from '../../ops/trainable-ops.ts';
import type { GpuBackend } from './webgpu/load.ts';

export async function loadTfjsWasmBackend(): Promise<TrainableOps> {
  const { createTfjsWasmBackend } = await import('./load-wasm.ts');
  const require = createRequire(import.meta.url);
  return createTfjsWasmBackend(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
}

export async function loadWebgpuBackend(): Promise<GpuBackend> {
  const { createWebgpuBackend } = await import('./webgpu/load.ts');
  return createWebgpuBackend(await dawnGpu());
}

/** See `createUnfusedWebgpuBackend`. */
export async function loadUnfusedWebgpuBackend(): Promise<GpuBackend> {
  const { createUnfusedWebgpuBackend } = await import('./webgpu/load.ts');
  return createUnfusedWebgpuBackend(await dawnGpu());
}

/**
 * Dawn, through the optional package `webgpu`, put where TensorFlow.js looks for a browser's WebGPU, once a process.
 * Throws `backend_unavailable`.
 */
export async function dawnGpu(): Promise<GPU> {
  if (navigator.gpu) return navigator.gpu;
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (cause) {
    throw new LacunaError(
      'backend_unavailable',
      'webgpu: in Node this backend needs the package "webgpu". Install it: npm install webgpu.',
      { backend: 'webgpu' },
      { cause },
    );
  }
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create([]);
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  return gpu;
}
