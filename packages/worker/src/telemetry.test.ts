/** What is told of requests: lines, counters, data points, timings, readiness; and answers that are kept. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AnswerCache } from './answer-cache.ts';
import type { Dataset, Env } from './bindings.ts';
import { emptyBucket, fillerFile, postTo, publishTo, ROOT_KEY, testApp, testFiles } from './testing.ts';

let lines: string[];
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
});

const SECRET = 'zanzibar';
const start = async (changed: Partial<Env>) => (await testApp(await testFiles(), changed)).app;

describe('a request', () => {
  it('leaves a line that says what it was and nothing of what was asked or answered', async () => {
    const app = await start({ LOGS: 'all' });
    const answer = await postTo(app, '/v1/fill-mask', { texts: [`${SECRET} [MASK]`, `the ${SECRET} [MASK]`] });
    await postTo(app, '/v1/fill-mask', { text: SECRET });
    await postTo(app, '/v1/fill-mask', { [SECRET]: SECRET });
    await app.request(`/v1/${SECRET}?q=${SECRET}`, { headers: { authorization: `Bearer lk_${SECRET}` } });
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        request: answer.headers.get('x-request-id'),
        method: 'POST',
        route: '/v1/fill-mask',
        status: 200,
        model: 'filler',
        version: expect.stringMatching(/^[0-9a-f]{16}$/),
        cache: 'miss',
        texts: 2,
        ms: expect.any(Number),
      },
      expect.objectContaining({ status: 422, code: 'no_mask_token', model: 'filler' }),
      expect.objectContaining({ status: 400, code: 'invalid_request' }),
      expect.objectContaining({ status: 401, code: 'unauthorized', route: 'none' }),
    ]);
    expect(lines.join()).not.toContain(SECRET);
  });

  it('leaves a line of its own only where the settings say so', async () => {
    for (const LOGS of ['errors', 'none']) await (await start({ LOGS })).request('/healthz');
    expect(lines).toEqual([]);
  });

  it('is a data point', async () => {
    const points: Parameters<Dataset['writeDataPoint']>[0][] = [];
    const app = await start({ ANALYTICS: { writeDataPoint: (point) => void points.push(point) } });
    await postTo(app, '/v1/classify', { text: 'good' });
    expect(points).toEqual([
      { indexes: ['/v1/classify'], blobs: ['POST', '200', '', 'critic', 'miss'], doubles: [expect.any(Number), 0] },
    ]);
  });

  it('is told where its time went', async () => {
    const app = await start({});
    const timing = (await postTo(app, '/v1/classify', { text: 'good' })).headers.get('server-timing');
    expect(timing).toMatch(/^load;dur=[\d.]+, compute;dur=[\d.]+, total;dur=[\d.]+$/);
  });
});

describe('/metrics', () => {
  it('counts requests, errors, answers and loads, and is off unless it is on', async () => {
    const app = await start({ METRICS: 'on' });
    await postTo(app, '/v1/classify', { text: 'good' });
    await postTo(app, '/v1/classify', { text: '' });
    const text = await (await app.request('/metrics')).text();
    for (const line of [
      'lacuna_requests_total{route="/v1/classify",method="POST",status="200"} 1',
      'lacuna_errors_total{code="empty_text"} 1',
      'lacuna_request_seconds_count{route="/v1/classify"} 2',
      'lacuna_request_seconds_bucket{route="/v1/classify",le="+Inf"} 2',
      'lacuna_models_loaded 1',
      'lacuna_model_loads 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect((await (await start({})).request('/metrics')).status).toBe(404);
  });
});

describe('/readyz', () => {
  it('says which models could answer, without loading one', async () => {
    const files = await testFiles();
    const { app } = await testApp(files, { MODELS: await emptyBucket() });
    const states = async () => {
      const { status, models, storage } = await (await app.request('/readyz')).json<{
        status: string;
        models: { name: string; state: string }[];
        storage: string;
      }>();
      return [status, storage, ...models.map(({ name, state }) => `${name} ${state}`)];
    };
    const after = (state: string) => [`filler ${state}`, 'critic loadable', 'topics loadable', 'gone missing'];
    expect(await states()).toEqual(['degraded', 'ok', ...after('loadable')]);
    await postTo(app, '/v1/fill-mask', { text: '[MASK]' });
    expect(await states()).toEqual(['degraded', 'ok', ...after('loaded')]);
  });

  it('says unavailable when a task has no default that could be loaded', async () => {
    const files = await testFiles();
    const without = async (url: string) =>
      url.endsWith('critic.safetensors') ? new Response(null, { status: 404 }) : files.fetch(url);
    const { app } = await testApp({ fetch: without });
    const answer = await app.request('/readyz');
    expect([answer.status, (await answer.json<{ status: string }>()).status]).toEqual([503, 'unavailable']);
  });
});

describe('an answer', () => {
  const headers = { 'content-type': 'application/json' };

  /** An isolate with a stored model, whose version is known before it is loaded. */
  async function stored(changed: Partial<Env> = {}) {
    const MODELS = await emptyBucket();
    const test = await testApp(await testFiles(), { MODELS, ...changed });
    await publishTo(test.app, 'mine', await fillerFile(21));
    const unique = crypto.randomUUID();
    const ask = async (more: Record<string, string> = {}, text = `${unique} [MASK]`) => {
      const answer = await postTo(
        test.app,
        '/v1/fill-mask',
        { text, model: 'mine', truncate: true },
        { ...headers, ...more },
      );
      await Promise.all(test.kept);
      return { cache: answer.headers.get('x-cache'), body: await answer.text() };
    };
    return { ...test, ask };
  }

  it('is given again for the same question to the same content, and made anew for any other', async () => {
    const { app, ask } = await stored();
    const first = await ask();
    expect(first.cache).toBe('miss');
    expect(await ask()).toEqual({ cache: 'hit', body: first.body });
    expect((await ask({}, 'another [MASK]')).cache).toBe('miss');
    await publishTo(app, 'mine', await fillerFile(22));
    const changed = await ask();
    expect(changed.cache).toBe('miss');
    expect(changed.body).not.toBe(first.body);
  });

  it('is not asked for, or not kept, when the caller says so', async () => {
    const { ask } = await stored();
    expect((await ask({ 'cache-control': 'no-store' })).cache).toBe('bypass');
    expect((await ask()).cache).toBe('miss');
    expect((await ask({ 'cache-control': 'no-cache' })).cache).toBe('bypass');
    expect((await ask({ 'x-use-cache': 'false' })).cache).toBe('bypass');
    expect((await ask()).cache).toBe('hit');
  });

  it('is never given to another key where reading is private', async () => {
    const { app, ask } = await stored({ READING: 'keys' });
    const key = async () => {
      const admin = { ...headers, authorization: `Bearer ${ROOT_KEY}` };
      const made = await postTo(app, '/v1/keys', { name: 'a', scopes: ['read'] }, admin);
      return { authorization: `Bearer ${(await made.json<{ key: string }>()).key}` };
    };
    const [one, other] = [await key(), await key()];
    expect((await ask(one)).cache).toBe('miss');
    expect((await ask(one)).cache).toBe('hit');
    expect((await ask(other)).cache).toBe('miss');
  });

  it('comes all the same when the cache fails', async () => {
    const broken = async () => {
      throw new Error('down');
    };
    const cache = new AnswerCache({ match: broken, put: broken });
    expect(await cache.get('https://a.invalid/')).toBeUndefined();
    await cache.put('https://a.invalid/', {});
    const absent = new AnswerCache(undefined);
    expect([absent.exists, await absent.get('https://a.invalid/')]).toEqual([false, undefined]);
  });
});
