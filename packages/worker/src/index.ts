/** The Worker: the app over the deployment's static assets and the kernels that were compiled with it. */
import { waitUntil } from 'cloudflare:workers';
// A runtime without relaxed SIMD refuses this module when the Worker is deployed; `inference.wasm` then does the same, slower.
import kernels from '@lacuna/core/kernels/inference-relaxed.wasm';
import { createApp } from './app.ts';
import { type Files, Registry } from './registry.ts';

interface Env {
  readonly ASSETS: Files;
}

/** One registry an isolate: models and the kernels' memory outlive a request. */
let registry: Registry | undefined;

export default createApp((env) => {
  registry ??= new Registry((env as Env).ASSETS, kernels, waitUntil);
  return registry;
});
