/** The app's services out of the Worker's bindings. */
import { AnswerCache, type ResponseCache } from './answer-cache.ts';
import { type Env, settingsOf } from './bindings.ts';
import type { Services } from './context.ts';
import { KeyStore } from './key-store.ts';
import { ModelCache } from './model-cache.ts';
import { ModelStore } from './model-store.ts';
import { createLimiter } from './rate-limit.ts';
import { Registry } from './registry.ts';
import { Telemetry } from './telemetry.ts';

/** `keepAlive`: the runtime's `waitUntil`. */
export function createServices(
  env: Env,
  kernels: WebAssembly.Module,
  keepAlive: (work: Promise<unknown>) => void,
): Services {
  const settings = settingsOf(env);
  const store = env.MODELS && new ModelStore(env.MODELS);
  return {
    settings,
    registry: new Registry(env.ASSETS, new ModelCache(kernels, keepAlive), store, keepAlive),
    keys: new KeyStore(env.MODELS, settings.rootKeySha256),
    limiter: createLimiter(env.RATE_LIMITER, settings.requestsPerMinute),
    answers: new AnswerCache(sharedCache()),
    telemetry: new Telemetry(settings.logs, env.ANALYTICS),
    keepAlive,
  };
}

/** The runtime's cache; there is none where nothing stands behind it. */
function sharedCache(): ResponseCache | undefined {
  return (globalThis as { caches?: { default?: ResponseCache } }).caches?.default;
}
