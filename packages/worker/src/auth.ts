/** Who may do what: a key in `Authorization: Bearer …`, and the scope that a request needs. */
import { LacunaError } from '@lacuna/core/errors';
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from './context.ts';
import type { Scope } from './key-store.ts';

/**
 * Learns who calls. One of our keys must be right, also where none is needed; what other services' clients send along is
 * nobody's. Throws `unauthorized`.
 */
export const identify: MiddlewareHandler<AppEnv> = async (c, next) => {
  const [, key] = /^Bearer +(lk_\S*) *$/i.exec(c.req.header('authorization') ?? '') ?? [];
  if (key !== undefined) {
    const caller = await c.var.services.keys.verify(key);
    if (!caller) throw new LacunaError('unauthorized', 'request: expected a valid key, got one that nobody has.');
    c.set('caller', caller);
  }
  await next();
};

/** Lets through who has the scope. Throws `unauthorized`, `forbidden`. */
export const authorize: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { caller, services } = c.var;
  const scope = neededScope(c.req.method, c.req.path);
  const open = scope === undefined || (scope === 'read' && !services.settings.privateReading);
  if (!open) {
    const expected = `request: expected a key with the scope ${scope}`;
    if (!caller) {
      throw new LacunaError('unauthorized', `${expected}, got none. Send it as "Authorization: Bearer KEY".`, {
        scope,
      });
    }
    if (!caller.scopes.includes(scope)) {
      throw new LacunaError('forbidden', `${expected}, got ${caller.scopes.join(', ')}.`, { scope });
    }
  }
  await next();
};

/** Undefined for what everybody may see: how the service is, and its description. */
function neededScope(method: string, path: string): Scope | undefined {
  if (/^\/v1\/keys(?:\/|$)/.test(path)) return 'admin';
  if (path.startsWith('/v1/models/') && method !== 'GET' && method !== 'HEAD') return 'write';
  return /^\/(?:v1|models|ai)\/|^\/metrics$/.test(path) ? 'read' : undefined;
}
