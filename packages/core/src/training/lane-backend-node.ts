/** The backends that a lane in Node can compute on, by a description that can be posted to a thread. */
import type { TrainableOps } from '../ops/trainable-ops.ts';

export type LaneBackend =
  | { readonly name: 'wasm'; readonly module: WebAssembly.Module }
  | { readonly name: 'webgpu' | 'tfjs-wasm' | 'reference' };

/** Loads what the backend needs and makes a fresh one. Throws `backend_unavailable` and says why. */
export async function makeBackend(backend: LaneBackend): Promise<TrainableOps> {
  switch (backend.name) {
    case 'wasm':
      return (await import('../backends/wasm/training.ts')).createWasmBackend(backend.module);
    case 'webgpu':
      return (await import('../backends/tfjs/load-node.ts')).loadWebgpuBackend();
    case 'tfjs-wasm':
      return (await import('../backends/tfjs/load-node.ts')).loadTfjsWasmBackend();
    case 'reference':
      return (await import('../backends/reference/training.ts')).referenceBackend();
  }
}
