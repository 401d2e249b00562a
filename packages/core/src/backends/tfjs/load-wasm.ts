/** The `tfjs-wasm` backend: TensorFlow.js's own WASM kernels, on one thread. */
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { findBackend, setBackend } from '@tensorflow/tfjs-core';
import { LacunaError } from '../../errors.ts';
import type { TrainableOps } from '../../ops/trainable-ops.ts';
import { Engine } from './engine.ts';
import { registerSegmentSum } from './segment-sum.ts';
import { TfjsBackend } from './training.ts';

/**
 * @param wasmPaths Where `tfjs-backend-wasm-simd.wasm` and its siblings are: a folder's path or address, ending in `/`.
 * Throws `backend_unavailable` where they cannot be loaded.
 */
export async function createTfjsWasmBackend(wasmPaths: string): Promise<TrainableOps> {
  try {
    setThreadsCount(1);
    if (!findBackend('wasm')) setWasmPaths(wasmPaths);
    registerSegmentSum();
    if (!(await setBackend('wasm'))) throw new Error('it does not start');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LacunaError(
      'backend_unavailable',
      `tfjs-wasm: expected its kernels at ${wasmPaths}, got "${reason}". Are the .wasm files of @tensorflow/tfjs-backend-wasm served there?`,
      { backend: 'tfjs-wasm', reason },
      { cause },
    );
  }
  return new TfjsBackend('tfjs-wasm', new Engine('wasm', findBackend('wasm')));
}
