/** Takes a request's body in before anybody asks for it: within so many bytes and so much time. */
import { LacunaError } from '@lacuna/core/errors';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from './context.ts';
import { within } from './deadline.ts';
import { MAX_BODY_BYTES, MAX_BODY_MS } from './limits.ts';
import { wholeStream } from './whole-stream.ts';

/** An artifact, which is put, is streamed and has bounds of its own; nobody reads what comes with a GET. */
const NOT_TAKEN = new Set(['GET', 'HEAD', 'PUT']);

/** Throws `body_too_large`, `timeout`. */
export const takeBody: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { body } = c.req.raw;
  if (body && !NOT_TAKEN.has(c.req.method)) {
    if (Number(c.req.header('content-length')) > MAX_BODY_BYTES) throw tooLarge();
    const bytes = await within(wholeStream(body, MAX_BODY_BYTES, tooLarge), MAX_BODY_MS, tooLate);
    c.req.raw = new Request(c.req.raw, { body: bytes });
  }
  await next();
};

const tooLarge = () =>
  new LacunaError('body_too_large', `request: expected at most ${MAX_BODY_BYTES} bytes, got more.`);
const tooLate = () => new LacunaError('timeout', `request: expected its body within ${MAX_BODY_MS} ms, got a part.`);
