/** Backends in a browser, in a page or in a Web Worker. TensorFlow.js is loaded only when one over it is asked for. */
import { LacunaError } from '../errors.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import { RELAXED_PROBE } from './wasm/relaxed.ts';

/** Addresses of two builds of the same kernels. */
export interface KernelUrls {
  readonly simd: string | URL;
  readonly relaxed: string | URL;
}

export type BrowserBackend =
  | { readonly name: 'wasm'; readonly module: WebAssembly.Module }
  | { readonly name: 'webgpu' }
  /** `wasmPaths`: where the .wasm files of `@tensorflow/tfjs-backend-wasm` are served, ending in `/`. */
  | { readonly name: 'tfjs-wasm'; readonly wasmPaths: string };

/** Where the kernels lie beside this module, for training and for answering only; bundlers see both and bring the files. */
export const TRAINING_KERNELS: KernelUrls = {
  simd: new URL('../../kernels/simd.wasm', import.meta.url),
  relaxed: new URL('../../kernels/relaxed.wasm', import.meta.url),
};
export const INFERENCE_KERNELS: KernelUrls = {
  simd: new URL('../../kernels/inference.wasm', import.meta.url),
  relaxed: new URL('../../kernels/inference-relaxed.wasm', import.meta.url),
};

/** The build that suits the engine, compiled as it arrives. Throws `backend_unavailable`. */
export async function compileKernels({ simd, relaxed }: KernelUrls = TRAINING_KERNELS): Promise<WebAssembly.Module> {
  const url = WebAssembly.validate(RELAXED_PROBE) ? relaxed : simd;
  try {
    return await WebAssembly.compileStreaming(fetch(url));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LacunaError(
      'backend_unavailable',
      `wasm: expected kernels at ${url}, got "${reason}". Are they served, as application/wasm?`,
      { backend: 'wasm', url: String(url), reason },
      { cause },
    );
  }
}

/** A fresh backend. Throws `backend_unavailable` and says why. */
export async function makeBrowserBackend(backend: BrowserBackend): Promise<TrainableOps> {
  switch (backend.name) {
    case 'wasm':
      return (await import('./wasm/training.ts')).createWasmBackend(backend.module);
    case 'webgpu':
      return (await import('./tfjs/webgpu/load.ts')).createWebgpuBackend(navigator.gpu);
    case 'tfjs-wasm':
      return (await import('./tfjs/load-wasm.ts')).createTfjsWasmBackend(backend.wasmPaths);
  }
}
