/** Which models there are, and users' own: publish, read, delete. */
import { createRoute, z } from '@hono/zod-openapi';
import { LacunaError } from '@lacuna/core/errors';
import type { Context } from 'hono';
import type { AppEnv } from '../context.ts';
import { MAX_ARTIFACT_BYTES } from '../limits.ts';
import type { Precondition, StoredVersion } from '../model-index.ts';
import type { ModelStore } from '../model-store.ts';
import { findVersion, MODEL_ID, type Registry } from '../registry.ts';
import { createRouter } from '../router.ts';
import { ALWAYS, failures, json } from '../schemas/common.ts';
import {
  ModelId,
  ModelResponse,
  ModelsResponse,
  PageQuery,
  PublishedResponse,
  PublishQuery,
} from '../schemas/models.ts';

const BINARY = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } };
const NOT_MODIFIED = { description: 'It is what If-None-Match says.' };
const PAGE = 100;

const list = createRoute({
  method: 'get',
  path: '/v1/models',
  summary: "The models that are served: the deployment's own, then the stored ones in pages.",
  tags: ['Models'],
  request: { query: PageQuery },
  responses: {
    200: json(ModelsResponse, "The models; the first of each task is the task's default."),
    304: NOT_MODIFIED,
    ...failures([400, 403, ...ALWAYS]),
  },
});
const read = createRoute({
  method: 'get',
  path: '/v1/models/{id}',
  summary: 'One model with its versions.',
  tags: ['Models'],
  request: { params: ModelId },
  responses: {
    200: json(ModelResponse, 'The model. Its ETag is what If-Match takes when it is changed.'),
    304: NOT_MODIFIED,
    ...failures([400, 403, 404, ...ALWAYS]),
  },
});
const download = createRoute({
  method: 'get',
  path: '/v1/models/{id}/artifact',
  summary: "A model's file.",
  tags: ['Models'],
  request: { params: ModelId },
  responses: {
    200: { description: 'The artifact, as it was published.', content: BINARY },
    304: NOT_MODIFIED,
    ...failures([400, 403, 404, ...ALWAYS]),
  },
});
const publish = createRoute({
  method: 'put',
  path: '/v1/models/{id}',
  summary: 'Publishes a file of `lacuna export` as the latest version. It is seen when all of it is there and right.',
  tags: ['Models'],
  security: [{ key: [] }],
  request: { params: ModelId, query: PublishQuery, body: { content: BINARY, required: true } },
  responses: {
    200: json(PublishedResponse, 'This very content was there already; it is the latest again.'),
    201: json(PublishedResponse, 'It is there.'),
    ...failures([400, 403, 408, 409, 411, 412, 413, 415, 422, ...ALWAYS]),
  },
});
const remove = createRoute({
  method: 'delete',
  path: '/v1/models/{id}',
  summary: 'Deletes a stored model, or with name@version one version of it.',
  tags: ['Models'],
  security: [{ key: [] }],
  request: { params: ModelId },
  responses: { 204: { description: 'It is gone.' }, ...failures([400, 403, 404, 409, 412, ...ALWAYS]) },
});

export function modelRoutes() {
  return createRouter()
    .openapi(list, async (c) => {
      const { limit = PAGE, cursor } = c.req.valid('query');
      const { registry } = c.var.services;
      const own = cursor === undefined ? await ownModels(registry) : [];
      const stored = await registry.store?.list(limit, cursor);
      const models = [...own, ...(stored?.models.map(describeStored) ?? [])];
      return c.json({ models, ...(stored?.next === undefined ? {} : { next_cursor: stored.next }) }, 200);
    })
    .openapi(read, async (c) => {
      const { registry } = c.var.services;
      const { id } = c.req.valid('param');
      const { name, version, own } = await locate(registry, id);
      if (own) {
        const { task, description } = own;
        const described = own.version === undefined ? {} : { version: own.version };
        const more = description === undefined ? {} : { description };
        return c.json({ name, task, source: 'deployment' as const, ...described, ...more }, 200);
      }
      const index = await registry.index(name, true);
      const found = findVersion(index, version);
      if (!found) throw unknownModel(id);
      if (index.etag) c.header('ETag', index.etag);
      const { version: latest, task, description } = describeVersion(found);
      const more = description === undefined ? {} : { description };
      const versions = index.versions.map(describeVersion).reverse();
      return c.json({ name, task, source: 'stored' as const, version: latest, ...more, versions }, 200);
    })
    .openapi(download, async (c) => {
      const { registry } = c.var.services;
      const { id } = c.req.valid('param');
      const { name, version, own } = await locate(registry, id);
      const found = own ? undefined : findVersion(await registry.index(name), version);
      if (!own && !found) throw unknownModel(id);
      const tag = (own ?? found)?.version;
      c.header('Content-Type', 'application/octet-stream');
      if (tag !== undefined) c.header('ETag', `"${tag}"`);
      if (tag !== undefined && c.req.header('if-none-match')?.includes(`"${tag}"`)) return c.body(null, 304);
      const file = own ? registry.open(own) : needStore(registry).open(name, found as StoredVersion);
      return c.body(await file, 200);
    })
    .openapi(publish, async (c) => {
      const { registry } = c.var.services;
      const { id } = c.req.valid('param');
      const { name } = await writable(registry, id, false);
      const upload = {
        ...uploadOf(c),
        description: c.req.valid('query').description,
        precondition: preconditionOf(c),
      };
      const store = needStore(registry);
      const { version, created, index } = await store.publish(name, upload).finally(() => registry.forget(name));
      c.var.services.keepAlive(store.sweep(name).catch(() => {}));
      if (index.etag) c.header('ETag', index.etag);
      c.header('Location', `/v1/models/${name}@${version.version}`);
      return c.json({ name, ...describeVersion(version) }, created ? 201 : 200);
    })
    .openapi(remove, async (c) => {
      const { registry } = c.var.services;
      const { name, version } = await writable(registry, c.req.valid('param').id, true);
      await needStore(registry)
        .delete(name, version, preconditionOf(c))
        .finally(() => registry.forget(name));
      return c.body(null, 204);
    });
}

/** What a path's id names. Throws `unknown_model` for a version that the deployment's own model does not have. */
async function locate(registry: Registry, id: string) {
  const [, name = id, given] = MODEL_ID.exec(id) ?? [];
  const version = given === 'latest' ? undefined : given;
  const own = (await registry.list()).find((model) => model.name === name);
  if (own && version !== undefined && version !== own.version) throw unknownModel(id);
  return { name, version, own };
}

/** The same, for what may be changed. Throws `name_taken`, `invalid_request`. */
async function writable(registry: Registry, id: string, mayNameVersion: boolean) {
  const [, name = id, version] = MODEL_ID.exec(id) ?? [];
  if ((await registry.list()).some((model) => model.name === name)) {
    throw new LacunaError('name_taken', `models: ${name} is one of the deployment's own models. Choose another name.`);
  }
  if (version === 'latest' || (version !== undefined && !mayNameVersion)) {
    throw new LacunaError('invalid_request', `models: expected a name here, got ${id}. Versions are named by content.`);
  }
  return { name, version };
}

/** Throws `length_required`, `body_too_large`, `unsupported_media_type`. */
function uploadOf(c: Context<AppEnv>) {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/octet-stream') {
    const got = type ?? 'nothing';
    throw new LacunaError(
      'unsupported_media_type',
      `request: expected content-type application/octet-stream, got ${got}.`,
    );
  }
  const length = c.req.header('content-length');
  const body = c.req.raw.body as ReadableStream<Uint8Array> | null;
  if (length === undefined || !/^\d{1,15}$/.test(length) || !body) {
    throw new LacunaError('length_required', 'request: expected a file with its Content-Length, got none.');
  }
  const sizeBytes = Number(length);
  if (sizeBytes > MAX_ARTIFACT_BYTES) {
    const message = `request: expected a file of at most ${MAX_ARTIFACT_BYTES} bytes, got ${sizeBytes}.`;
    throw new LacunaError('body_too_large', message);
  }
  return { body, sizeBytes };
}

function preconditionOf(c: Context<AppEnv>): Precondition {
  return { ifMatch: c.req.header('if-match'), ifNoneMatch: c.req.header('if-none-match') };
}

function needStore({ store }: Registry): ModelStore {
  if (store) return store;
  throw new LacunaError('unavailable', 'models: no bucket is bound to this service. See wrangler.toml.');
}

async function ownModels(registry: Registry) {
  const listed = await registry.list();
  return listed.map(({ name, task, description, version }, i) => ({
    name,
    task,
    default: listed.findIndex((other) => other.task === task) === i,
    source: 'deployment' as const,
    ...(description === undefined ? {} : { description }),
    ...(version === undefined ? {} : { version }),
  }));
}

function describeStored({
  name,
  version,
  task,
  description,
}: Awaited<ReturnType<ModelStore['list']>>['models'][number]) {
  return {
    name,
    task: task as 'fill-mask' | 'text-classification',
    default: false,
    source: 'stored' as const,
    version,
    ...(description === '' ? {} : { description }),
  };
}

function describeVersion({ version, task, sizeBytes, quantization, labels, createdAt, description }: StoredVersion) {
  const more = description === undefined ? {} : { description };
  return { version, task, size_bytes: sizeBytes, quantization, labels, created_at: createdAt, ...more };
}

function unknownModel(id: string): LacunaError {
  return new LacunaError('unknown_model', `models: expected a model that is served, got ${JSON.stringify(id)}.`, {
    id,
  });
}
