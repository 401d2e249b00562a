/** The TensorFlow.js backends in Node: kernels from the installed package. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createTfjsWasmBackend } from './load-wasm.ts';
import type { TfjsBackend } from './training.ts';

export function loadTfjsWasmBackend(): Promise<TfjsBackend> {
  const require = createRequire(import.meta.url);
  return createTfjsWasmBackend(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
}
