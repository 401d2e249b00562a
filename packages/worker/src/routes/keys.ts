/** API keys over HTTP, for who has the scope `admin`: made, listed, revoked. */
import { createRoute } from '@hono/zod-openapi';
import type { KeyDescription } from '../key-store.ts';
import { createRouter } from '../router.ts';
import { ALWAYS, failures, json } from '../schemas/common.ts';
import { KeyCreated, KeyId, KeyRequest, KeysResponse } from '../schemas/keys.ts';
import { PageQuery } from '../schemas/models.ts';

const shared = { tags: ['Keys'], security: [{ key: [] }] };

const create = createRoute({
  ...shared,
  method: 'post',
  path: '/v1/keys',
  summary: 'Makes a key. It is shown this once.',
  request: { body: { content: { 'application/json': { schema: KeyRequest } }, required: true } },
  responses: { 201: json(KeyCreated, 'The key.'), ...failures([400, 403, 408, 413, 415, ...ALWAYS]) },
});
const list = createRoute({
  ...shared,
  method: 'get',
  path: '/v1/keys',
  summary: 'The keys, without what is secret of them.',
  request: { query: PageQuery.pick({ cursor: true }) },
  responses: { 200: json(KeysResponse, 'The keys.'), ...failures([400, 403, ...ALWAYS]) },
});
const revoke = createRoute({
  ...shared,
  method: 'delete',
  path: '/v1/keys/{id}',
  summary: 'Revokes a key. It opens nothing more after a minute at most.',
  request: { params: KeyId },
  responses: { 204: { description: 'It is revoked.' }, ...failures([400, 403, 404, ...ALWAYS]) },
});

export function keyRoutes() {
  return createRouter()
    .openapi(create, async (c) => {
      const { name, scopes } = c.req.valid('json');
      const { key, ...described } = await c.var.services.keys.create(name, scopes);
      return c.json({ ...describe(described), key }, 201);
    })
    .openapi(list, async (c) => {
      const { keys, next } = await c.var.services.keys.list(c.req.valid('query').cursor);
      return c.json({ keys: keys.map(describe), ...(next === undefined ? {} : { next_cursor: next }) }, 200);
    })
    .openapi(revoke, async (c) => {
      await c.var.services.keys.revoke(c.req.valid('param').id);
      return c.body(null, 204);
    });
}

function describe({ id, name, scopes, createdAt }: KeyDescription) {
  return { id, name, scopes: [...scopes], created_at: createdAt };
}
