/** How often one client may ask: the Workers binding, or where there is none a window an isolate. */
import { LacunaError } from '@lacuna/core/errors';
import type { MiddlewareHandler } from 'hono';
import type { RateLimit } from './bindings.ts';
import { BoundedMap } from './bounded-map.ts';
import type { AppEnv } from './context.ts';
import { MAX_IN_FLIGHT, MAX_REMEMBERED } from './limits.ts';

export interface Limiter {
  /** Whether the client may go on. */
  allows(client: string): Promise<boolean>;
}

const WINDOW_MS = 60_000;

export function createLimiter(binding: RateLimit | undefined, requestsPerMinute: number): Limiter {
  const windows = new BoundedMap<{ readonly from: number; count: number }>(MAX_REMEMBERED);
  const allowedHere = (client: string) => {
    const now = Date.now();
    let window = windows.get(client);
    if (!window || now - window.from >= WINDOW_MS) {
      window = { from: now, count: 0 };
      windows.set(client, window);
    }
    return ++window.count <= requestsPerMinute;
  };
  return {
    async allows(client) {
      if (requestsPerMinute === 0) return true;
      if (!binding) return allowedHere(client);
      // A binding that fails must not take the service with it.
      return binding.limit({ key: client }).then(
        ({ success }) => success,
        () => allowedHere(client),
      );
    },
  };
}

/** Counts by address, before a key is looked up, so that guessing costs the guesser. Throws `rate_limited`. */
export const limitRate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const client = c.req.header('cf-connecting-ip') ?? 'unknown';
  if (!(await c.var.services.limiter.allows(client))) {
    c.header('Retry-After', '10');
    throw new LacunaError('rate_limited', 'request: too many in a minute. Wait a little.');
  }
  await next();
};

/** At most so many requests at once: each holds its body in memory. Throws `unavailable`. */
export function limitInFlight(limit = MAX_IN_FLIGHT): MiddlewareHandler<AppEnv> {
  let running = 0;
  return async (c, next) => {
    if (running >= limit) {
      c.header('Retry-After', '1');
      throw new LacunaError('unavailable', `request: ${limit} are being answered already. Try again in a moment.`);
    }
    running++;
    try {
      await next();
    } finally {
      running--;
    }
  };
}
