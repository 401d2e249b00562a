import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient, LacunaError } from './index.ts';

let server: Server | undefined;

/** A real server on the loopback interface whose n-th answer is `answer(request, n)`. */
async function serve(
  answer: (request: IncomingMessage, response: ServerResponse, n: number, body: string) => void,
): Promise<string> {
  let n = 0;
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(request, response, n++, body);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const json = (response: ServerResponse, status: number, value: unknown, headers = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
};

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

describe('createClient', () => {
  it('sends one text and gives its gaps, several texts and gives a list a text', async () => {
    const bodies: unknown[] = [];
    const candidate = { score: 0.5, token: 7, token_str: 'home', sequence: 'went home' };
    const baseUrl = await serve((request, response, n, body) => {
      bodies.push([request.method, request.url, request.headers['content-type'], JSON.parse(body)]);
      json(response, 200, n === 0 ? { model: 'm', gaps: [[candidate]] } : { model: 'm', results: [{ gaps: [] }] });
    });
    const client = createClient({ baseUrl });
    expect(await client.fillMask('went [MASK]', { topK: 1, targets: ['home'] })).toEqual([[candidate]]);
    expect(await client.fillMask(['a', 'b'])).toEqual([[]]);
    expect(bodies).toEqual([
      ['POST', '/v1/fill-mask', 'application/json', { text: 'went [MASK]', top_k: 1, targets: ['home'] }],
      ['POST', '/v1/fill-mask', 'application/json', { texts: ['a', 'b'] }],
    ]);
  });

  it('classifies and lists models', async () => {
    const labels = [{ label: 'good', score: 0.9 }];
    const models = [{ name: 'm', task: 'fill-mask', default: true }];
    const baseUrl = await serve((request, response, n) => {
      json(response, 200, request.method === 'GET' ? { models } : n === 0 ? { labels } : { results: [{ labels }] });
    });
    const client = createClient({ baseUrl });
    expect(await client.classify('fine')).toEqual(labels);
    expect(await client.classify(['fine'])).toEqual([labels]);
    expect(await client.models()).toEqual(models);
  });

  it("throws the service's own code and does not repeat a refused request", async () => {
    let count = 0;
    const baseUrl = await serve((_request, response) => {
      count++;
      json(response, 422, { error: { code: 'no_mask_token', message: 'nothing to fill' } });
    });
    const failing = createClient({ baseUrl }).fillMask('no gap');
    await expect(failing).rejects.toMatchObject({
      code: 'no_mask_token',
      message: 'nothing to fill',
      facts: { status: 422 },
    });
    expect(count).toBe(1);
  });

  it.each([429, 503])('tries again after %d, as long as Retry-After says', async (status) => {
    const times: number[] = [];
    const baseUrl = await serve((_request, response, n) => {
      times.push(performance.now());
      if (n < 2) json(response, status, { error: { code: 'unavailable', message: '' } }, { 'retry-after': '0.05' });
      else json(response, 200, { models: [] });
    });
    expect(await createClient({ baseUrl, backoffMs: 5_000 }).models()).toEqual([]);
    expect(times.length).toBe(3);
    expect((times[2] as number) - (times[0] as number)).toBeGreaterThan(90);
  });

  it('waits longer from try to try and gives up after the last', async () => {
    const times: number[] = [];
    const baseUrl = await serve((_request, response) => {
      times.push(performance.now());
      response.writeHead(503).end('down');
    });
    await expect(createClient({ baseUrl, retries: 2, backoffMs: 40 }).models()).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(times.length).toBe(3);
    const [a, b, c] = times as [number, number, number];
    expect(b - a).toBeGreaterThan(35);
    expect(c - b).toBeGreaterThan(75);
  });

  it('says rate_limited when that is all that a proxy says', async () => {
    const baseUrl = await serve((_request, response) => {
      response.writeHead(429, { 'content-type': 'text/html' }).end('<h1>Too many requests</h1>');
    });
    await expect(createClient({ baseUrl, retries: 0 }).models()).rejects.toMatchObject({
      code: 'rate_limited',
      facts: { status: 429 },
    });
  });

  it('gives up on an attempt after its timeout', async () => {
    const baseUrl = await serve(() => {});
    await expect(createClient({ baseUrl, timeoutMs: 50 }).models()).rejects.toMatchObject({ code: 'timeout' });
  });

  it('stops when the caller aborts, in flight or while waiting', async () => {
    const baseUrl = await serve((_request, response, n) => {
      if (n === 0) response.writeHead(503).end();
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 40);
    const waiting = createClient({ baseUrl, backoffMs: 10_000 }).models({ signal: controller.signal });
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    const other = new AbortController();
    setTimeout(() => other.abort(), 40);
    await expect(createClient({ baseUrl }).models({ signal: other.signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('says when nobody is there, after trying again', async () => {
    const failing = createClient({ baseUrl: 'http://127.0.0.1:1', retries: 1, backoffMs: 1 }).models();
    await expect(failing).rejects.toMatchObject({ code: 'network' });
  });

  it('tries again when the connection is lost in the middle of an answer, and says so after the last', async () => {
    let lost = 2;
    const baseUrl = await serve((_request, response, n) => {
      if (n >= lost) return json(response, 200, { models: [] });
      response.writeHead(200, { 'content-length': '100' }).write('{"models"');
      setTimeout(() => response.destroy(), 10);
    });
    expect(await createClient({ baseUrl, backoffMs: 1 }).models()).toEqual([]);
    lost = Number.POSITIVE_INFINITY;
    const failing = createClient({ baseUrl, retries: 1, backoffMs: 1 }).models();
    await expect(failing).rejects.toMatchObject({ name: 'LacunaError', code: 'network' });
  });

  it('tries again whatever becomes of the answer that it leaves unread', async () => {
    const cancel = () => {
      throw new Error('cannot be cancelled');
    };
    let n = 0;
    const fetch = async () =>
      n++ === 0 ? new Response(new ReadableStream({ cancel }), { status: 503 }) : Response.json({ models: [] });
    expect(await createClient({ baseUrl: 'http://edge', fetch, backoffMs: 1 }).models()).toEqual([]);
  });

  it('says internal for an answer that is not JSON', async () => {
    const baseUrl = await serve((_request, response) => {
      response.writeHead(200).end('<html>');
    });
    await expect(createClient({ baseUrl }).models()).rejects.toMatchObject({ code: 'internal' });
  });
});

describe('the other tasks', () => {
  it('ask for embeddings, scores and gaps filled one by one', async () => {
    const asked: unknown[] = [];
    const tokens = [{ token: 1, token_str: 'a', log_probability: -1 }];
    const answers: Record<string, object> = {
      '/v1/embed': { model: 'm', embedding: [0.6, 0.8] },
      '/v1/score': { model: 'm', log_likelihood: -1, pseudo_perplexity: 2.7, tokens },
      '/v1/fill-mask': { model: 'm', gaps: [[]], filled: 'a b' },
    };
    const baseUrl = await serve((request, response, _n, body) => {
      asked.push([request.url, JSON.parse(body)]);
      json(response, 200, answers[request.url ?? '']);
    });
    const client = createClient({ baseUrl });
    expect(await client.embed('a', { normalize: false })).toEqual([0.6, 0.8]);
    expect(await client.score('a', { passes: 2 })).toEqual({ log_likelihood: -1, pseudo_perplexity: 2.7, tokens });
    expect(await client.fillOneByOne('a [MASK]', { topK: 1 })).toEqual({ gaps: [[]], filled: 'a b' });
    expect(asked).toEqual([
      ['/v1/embed', { text: 'a', normalize: false }],
      ['/v1/score', { text: 'a', passes: 2 }],
      ['/v1/fill-mask', { text: 'a [MASK]', top_k: 1, strategy: 'one_by_one' }],
    ]);
  });

  it('give an error in place of a text that has no answer, when asked to', async () => {
    const error = { code: 'empty_text', message: 'nothing' };
    const baseUrl = await serve((_request, response) => {
      json(response, 200, { results: [{ labels: [] }, { error }] });
    });
    const [labels, failed] = await createClient({ baseUrl }).classify(['a', ''], { partial: true });
    expect(labels).toEqual([]);
    expect(failed).toBeInstanceOf(LacunaError);
    expect(failed).toMatchObject(error);
  });
});

describe('with a key', () => {
  it('publishes and deletes models, makes, lists and revokes keys', async () => {
    const asked: unknown[] = [];
    const baseUrl = await serve((request, response, _n, body) => {
      const { method, url, headers } = request;
      asked.push([method, url, headers.authorization, headers['content-type'], headers['if-none-match'], body]);
      if (method === 'DELETE') response.writeHead(204).end();
      else json(response, method === 'GET' ? 200 : 201, { keys: [], version: 'v' });
    });
    const client = createClient({ baseUrl, key: 'lk_1' });
    const published = await client.publish('mine', new TextEncoder().encode('file'), {
      description: 'of mine',
      createOnly: true,
    });
    expect(published).toMatchObject({ version: 'v' });
    await client.publish('mine', new Blob(['file']));
    await client.deleteModel('mine@0123456789abcdef');
    await client.createKey({ name: 'ci', scopes: ['read'] });
    expect(await client.keys()).toEqual([]);
    await client.revokeKey('0123');
    const key = 'Bearer lk_1';
    const type = 'application/octet-stream';
    expect(asked).toEqual([
      ['PUT', '/v1/models/mine?description=of+mine', key, type, '*', 'file'],
      ['PUT', '/v1/models/mine', key, type, undefined, 'file'],
      ['DELETE', '/v1/models/mine@0123456789abcdef', key, undefined, undefined, ''],
      ['POST', '/v1/keys', key, 'application/json', undefined, '{"name":"ci","scopes":["read"]}'],
      ['GET', '/v1/keys', key, undefined, undefined, ''],
      ['DELETE', '/v1/keys/0123', key, undefined, undefined, ''],
    ]);
  });

  it('lists every page of models', async () => {
    const page = (name: string, more: object) => ({ models: [{ name, task: 'fill-mask', default: false }], ...more });
    const baseUrl = await serve((request, response, n) => {
      expect(request.url).toBe(n === 0 ? '/v1/models' : '/v1/models?cursor=a');
      json(response, 200, n === 0 ? page('a', { next_cursor: 'a' }) : page('b', {}));
    });
    expect((await createClient({ baseUrl }).models()).map(({ name }) => name)).toEqual(['a', 'b']);
  });
});

it('is at most 25 kB after gzip', async () => {
  const { build } = await import('esbuild');
  const entryPoints = [fileURLToPath(new URL('./index.ts', import.meta.url))];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, format: 'esm', write: false });
  const bytes = gzipSync(outputFiles[0]?.contents ?? '').length;
  expect(bytes).toBeGreaterThan(1_000);
  expect(bytes).toBeLessThanOrEqual(25_000);
});

it('a key is asked for once: twice would make two', async () => {
  let count = 0;
  const baseUrl = await serve((_request, response) => {
    count++;
    json(response, 503, { error: { code: 'unavailable', message: '' } });
  });
  const making = createClient({ baseUrl, key: 'lk_1', backoffMs: 1 }).createKey({ name: 'ci', scopes: ['read'] });
  await expect(making).rejects.toMatchObject({ code: 'unavailable' });
  expect(count).toBe(1);
});
