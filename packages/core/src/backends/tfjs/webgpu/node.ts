/** WebGPU in Node: Dawn, through the optional package `webgpu`. */
import { LacunaError } from '../../../errors.ts';

/** Puts Dawn where TensorFlow.js looks for a browser's WebGPU, once a process. Throws `backend_unavailable`. */
export async function nodeGpu(): Promise<GPU> {
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
