/** What a request carries through the app. */
import type { AnswerCache } from './answer-cache.ts';
import type { Settings } from './bindings.ts';
import type { Caller, KeyStore } from './key-store.ts';
import type { Limiter } from './rate-limit.ts';
import type { Registry } from './registry.ts';
import type { Telemetry, Trace } from './telemetry.ts';

/** What the app stands on; it outlives a request. */
export interface Services {
  readonly settings: Settings;
  readonly registry: Registry;
  readonly keys: KeyStore;
  readonly limiter: Limiter;
  readonly answers: AnswerCache;
  readonly telemetry: Telemetry;
  /** The runtime's `waitUntil`. */
  keepAlive(work: Promise<unknown>): void;
}

export interface AppEnv {
  Variables: {
    services: Services;
    trace: Trace;
    /** Whose key the request brought. */
    caller: Caller | undefined;
  };
}
