/** The backends that a lane in Node can compute on, by a description that can be posted to a thread. */
import { LacunaError } from '../errors.ts';
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

/** A GPU is one device: lanes would wait for each other on it. Throws `invalid_argument`. */
export function checkLanes(lanes: number, { name }: LaneBackend): void {
  if (!Number.isInteger(lanes) || lanes < 1 || lanes > 256) {
    throw new LacunaError('invalid_argument', `lanes: expected 1 to 256, got ${lanes}.`, { lanes });
  }
  if (name === 'webgpu' && lanes > 1) {
    throw new LacunaError(
      'invalid_argument',
      `lanes: the webgpu backend computes on one device and takes one lane, got ${lanes}. Leave --lanes out, or use the backend "wasm".`,
      { lanes, backend: name },
    );
  }
}
