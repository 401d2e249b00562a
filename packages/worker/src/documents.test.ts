/** The service's description of itself: complete, and its examples run against the models that ship. */
import { env } from 'cloudflare:workers';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Env } from './bindings.ts';
import { STATUS } from './errors.ts';
import { MAX_TEXT_LENGTH } from './limits.ts';
import { emptyBucket, fillerFile, publishTo, ROOT_KEY, type TestApp, testApp } from './testing.ts';

interface Schema {
  $ref?: string;
  example?: unknown;
  properties?: Record<string, { description: string }>;
}
interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

let test: TestApp;
let paths: Record<string, Record<string, Operation>>;
let schemas: Record<string, Schema>;

beforeAll(async () => {
  test = await testApp((env as Env).ASSETS, { MODELS: await emptyBucket(), METRICS: 'on' });
  const document = await (await test.app.request('/openapi.json')).json<{
    paths: typeof paths;
    components: { schemas: typeof schemas };
  }>();
  paths = document.paths;
  schemas = document.components.schemas;
});

const resolved = (schema: Schema | undefined) => schemas[schema?.$ref?.split('/').pop() ?? ''] ?? schema;
const operations = () =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );

/** Names and kinds of all that a value holds; of a list, of its first entry. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, of]) => [name, shape(of)]),
  );
}

describe('the document', () => {
  it('has an operation for every route but its own two', () => {
    const described = operations().map(({ path, method }) => `${method} ${path.replace(/\{(\w+)\}/g, ':$1')}`);
    const routes = test.app.routes.filter(({ method, path }) => method !== 'ALL' && !path.includes('*'));
    const own = ['/openapi.json', '/docs'];
    const served = routes
      .map(({ method, path }) => `${method} ${path}`)
      .filter((line) => !own.includes(line.split(' ')[1] ?? ''));
    expect(described.sort()).toEqual([...new Set(served)].sort());
  });

  it('names every status that a task can give', () => {
    const given = new Set(Object.values({ ...STATUS, internal: 500 }));
    // A method that a path does not answer has no operation; the rest belong to publishing.
    for (const elsewhere of [405, 409, 411, 412] as const) given.delete(elsewhere);
    const expected = ['200', ...[...given].map(String)].sort();
    for (const path of ['/v1/fill-mask', '/v1/classify', '/v1/embed', '/v1/score', '/models/{id}', '/ai/run/{id}']) {
      expect([path, Object.keys(paths[path]?.post?.responses ?? {}).sort()]).toEqual([path, expected]);
    }
    const publishing = Object.keys(paths['/v1/models/{id}']?.put?.responses ?? {});
    expect(publishing).toEqual(expect.arrayContaining(['200', '201', '408', '409', '411', '412', '413', '422']));
  });

  it('says how long a text may be', () => {
    for (const name of ['FillMaskRequest', 'ClassifyRequest', 'EmbedRequest', 'ScoreRequest']) {
      for (const field of ['text', 'texts']) {
        const { description } = schemas[name]?.properties?.[field] ?? {};
        expect([name, field, description]).toEqual([name, field, expect.stringMatching(/20000 .*with or without/)]);
      }
    }
    expect(MAX_TEXT_LENGTH).toBe(20_000);
  });

  it('has examples that the service takes, and that look like what it answers', async () => {
    expect((await publishTo(test.app, 'stories', await fillerFile(1))).status).toBe(201);
    let run = 0;
    for (const { path, method, operation } of operations()) {
      const body = resolved(operation.requestBody?.content['application/json']?.schema);
      const [status = '', answer] = Object.entries(operation.responses).find(([code]) => code.startsWith('2')) ?? [];
      const expected = resolved(answer?.content?.['application/json']?.schema)?.example;
      // A file and what has no body stand in the models' own tests.
      if (method === 'PUT' || method === 'DELETE' || !answer?.content?.['application/json']) continue;
      const id = path.startsWith('/ai/') ? 'lacuna-sentiment' : 'lacuna-fill';
      const response = await test.app.request(path.replace('{id}', id), {
        method,
        headers: { authorization: `Bearer ${ROOT_KEY}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body.example) } : {}),
      });
      expect([path, response.status]).toEqual([path, Number(status.replace('2XX', '200'))]);
      expect([path, shape(await response.json())]).toEqual([path, shape(expected)]);
      run++;
    }
    expect(run).toBeGreaterThanOrEqual(12);
  });
});

describe('the page', () => {
  it('shows every operation, without a script and without anything from elsewhere', async () => {
    const answer = await test.app.request('http://edge.example/docs');
    const page = await answer.text();
    expect(answer.headers.get('content-type')).toMatch(/^text\/html/);
    for (const { path, method } of operations()) expect(page).toContain(`<b>${method}</b> <code>${path}</code>`);
    expect(page).not.toMatch(/<script|src=|url\(|@import|href="(?!\/openapi\.json")/);
    expect(page).toContain('curl http://edge.example/v1/fill-mask');
  });

  it('has a policy that allows its own style and nothing else, anew each time', async () => {
    const policy = async () => {
      const answer = await test.app.request('/docs');
      const header = answer.headers.get('content-security-policy') ?? '';
      const [, nonce = 'none'] = /style-src 'nonce-([^']+)'/.exec(header) ?? [];
      expect(await answer.text()).toContain(`<style nonce="${nonce}">`);
      expect(header).toMatch(/default-src 'none'/);
      expect(header).not.toMatch(/unsafe|script-src|\*/);
      return nonce;
    };
    expect(await policy()).not.toBe(await policy());
  });
});
