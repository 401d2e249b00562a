/** The Worker: the app over the deployment's bindings and the kernels that were compiled with it. */
import { waitUntil } from 'cloudflare:workers';
// A runtime without relaxed SIMD refuses this module when the Worker is deployed; `inference.wasm` then does the same, slower.
import kernels from '@lacuna/core/kernels/inference-relaxed.wasm';
import { createApp } from './app.ts';
import type { Env } from './bindings.ts';
import type { Services } from './context.ts';
import { createServices } from './services.ts';

/** One set of services an isolate: models and the kernels' memory outlive a request. */
let services: Services | undefined;

export default createApp((env) => {
  services ??= createServices(env as Env, kernels, waitUntil);
  return services;
});
