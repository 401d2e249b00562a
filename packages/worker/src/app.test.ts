import { env, exports } from 'cloudflare:workers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp } from './app.ts';
import type { Files } from './bindings.ts';
import { MAX_BODY_BYTES, MAX_BODY_MS, MAX_RESPONSE_BYTES, MAX_TEXT_LENGTH } from './limits.ts';
import { responseBytes } from './response-size.ts';
import { expectError, logged, postTo, testApp, testFiles } from './testing.ts';

let files: Awaited<ReturnType<typeof testFiles>>;
let app: ReturnType<typeof createApp>;

beforeEach(async () => {
  files = await testFiles();
  ({ app } = await testApp(files));
});

afterEach(() => {
  vi.restoreAllMocks();
});

const post = (path: string, body: unknown, headers?: Record<string, string>) => postTo(app, path, body, headers);

describe('POST /v1/fill-mask', () => {
  it('gives a list of candidates for every gap, with the text filled', async () => {
    const response = await post('/v1/fill-mask', { text: 'The [MASK] sat on the [MASK].', top_k: 3 });
    expect(response.status).toBe(200);
    const { model, gaps } = await response.json<{ model: string; gaps: { score: number; sequence: string }[][] }>();
    expect(model).toBe('filler');
    expect(gaps.map((gap) => gap.length)).toEqual([3, 3]);
    for (const gap of gaps) {
      const scores = gap.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
      expect(scores.every((score) => score > 0 && score < 1)).toBe(true);
    }
    expect(gaps[1]?.[0]?.sequence).toMatch(/^The \[MASK\] sat on the ?\S+\.$/);
  });

  it('scores the targets alone when asked', async () => {
    const response = await post('/v1/fill-mask', { text: 'a [MASK]', targets: ['dog', 'cat'] });
    const { gaps } = await response.json<{ gaps: { token_str: string }[][] }>();
    expect(gaps[0]?.map(({ token_str }) => token_str).sort()).toEqual(['cat', 'dog']);
    const best = await post('/v1/fill-mask', { text: 'a [MASK]', targets: ['dog', 'cat', 'Cat'], top_k: 1 });
    expect(await best.json()).toMatchObject({ gaps: [gaps[0]?.slice(0, 1)] });
  });

  it('answers several texts as it answers each alone', async () => {
    const texts = ['the [MASK] ran', 'a [MASK] film was [MASK]'];
    const { results } = await (await post('/v1/fill-mask', { texts })).json<{ results: { gaps: unknown }[] }>();
    const alone = [];
    for (const text of texts) alone.push(await (await post('/v1/fill-mask', { text })).json<{ gaps: unknown }>());
    expect(results.map(({ gaps }) => gaps)).toEqual(alone.map(({ gaps }) => gaps));
  });

  it('cuts a text that is too long only when asked to', async () => {
    const text = `${'the cat ran home . '.repeat(8)}[MASK]`;
    await expectError(post('/v1/fill-mask', { text }), 422, 'text_too_long', /at most 22 tokens, got 41/);
    expect((await post('/v1/fill-mask', { text, truncate: true })).status).toBe(200);
  });

  it('refuses an answer that would be too large, before it asks a model', async () => {
    const line = '[MASK] '.repeat(510);
    const refused = async (body: object) =>
      expectError(post('/v1/fill-mask', body), 422, 'response_too_large', /at most 4000000 bytes.*smaller top_k/);
    await refused({ text: line, top_k: 100 });
    await refused({ texts: Array(32).fill(line), targets: ['cat', 'dog'] });
    await refused({ texts: Array(32).fill(`${'long '.repeat(3_900)}[MASK]`), top_k: 100 });
    expect(files.requested).toEqual([]);
    const longest = `${'a '.repeat((MAX_TEXT_LENGTH - 6) / 2)}[MASK]`;
    const answer = await post('/v1/fill-mask', { text: longest, top_k: 100, truncate: true });
    expect([answer.status, longest.length]).toEqual([200, MAX_TEXT_LENGTH]);
  });

  it('weighs candidates at no less than they take, and hardly more', async () => {
    const texts = [
      '[MASK]',
      'a [MASK][MASK] film',
      `${'é'.repeat(500)} [MASK]`,
      `"\\\u0001 🙂 ${'\u0002'.repeat(300)}[MASK]`,
    ];
    for (const options of [{}, { top_k: 40 }, { targets: ['cat', 'dog'] }, { targets: ['cat', 'dog'], top_k: 1 }]) {
      const answer = await (await post('/v1/fill-mask', { texts, ...options })).arrayBuffer();
      const weighed = responseBytes(texts, options);
      expect(weighed).toBeGreaterThan(answer.byteLength - 200); // the answer's own fields
      expect(weighed).toBeLessThan(answer.byteLength * 1.5);
    }
    expect(responseBytes(['no gap'.repeat(1_000)], {})).toBe(0);
    expect(MAX_RESPONSE_BYTES).toBeLessThan(10_000_000);
  });

  it('says which text of several is wrong', async () => {
    await expectError(post('/v1/fill-mask', { texts: ['a [MASK]', 'a cat'] }), 422, 'no_mask_token', /^texts\[1\]/);
  });
});

describe('POST /v1/classify', () => {
  it('gives every label with probabilities that sum to 1', async () => {
    const response = await post('/v1/classify', { text: 'a very good film' });
    const { model, labels } = await response.json<{ model: string; labels: { label: string; score: number }[] }>();
    expect(model).toBe('critic');
    expect(labels.map(({ label }) => label).sort()).toEqual(['negative', 'positive']);
    expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
  });

  it('answers several texts', async () => {
    const { results } = await (await post('/v1/classify', { texts: ['good', 'bad'], top_k: 1 })).json<{
      results: { labels: unknown[] }[];
    }>();
    expect(results.map(({ labels }) => labels.length)).toEqual([1, 1]);
  });

  it('cuts a text that is too long only when asked to', async () => {
    const text = 'the cat ran home . '.repeat(8);
    await expectError(post('/v1/classify', { text }), 422, 'text_too_long', /at most 22 tokens, got 40/);
    expect((await post('/v1/classify', { text, truncate: true })).status).toBe(200);
  });

  it('scores each label by itself where a text may have several', async () => {
    const { labels } = await (await post('/v1/classify', { text: 'a good film', model: 'topics' })).json<{
      labels: { label: string; score: number }[];
    }>();
    expect(labels.map(({ label }) => label).sort()).toEqual(['film', 'home', 'pets']);
    for (const { score } of labels) expect(score > 0 && score < 1).toBe(true);
    // Random weights leave each near 0.5; labels that shared one probability would have 1 between them.
    expect(labels.reduce((sum, { score }) => sum + score, 0)).toBeGreaterThan(1.2);
  });

  it('refuses a text without a word', async () => {
    await expectError(post('/v1/classify', { text: '  ' }), 422, 'empty_text');
  });
});

describe('GET', () => {
  it('lists models with the default of each task', async () => {
    const { models } = await (await app.request('/v1/models')).json<{ models: { name: string; default: boolean }[] }>();
    expect(models.map(({ name, default: isDefault }) => [name, isDefault])).toEqual([
      ['filler', true],
      ['critic', true],
      ['topics', false],
      ['gone', false],
    ]);
  });

  it('says that it is healthy without loading a model', async () => {
    expect(await (await app.request('/healthz')).json()).toEqual({ status: 'ok' });
    expect(files.requested).toEqual([]);
  });

  it('says in its description how long a text may be', async () => {
    const { components } = await (await app.request('/openapi.json')).json<{
      components: { schemas: Record<string, { properties: Record<string, { description: string }> }> };
    }>();
    for (const name of ['FillMaskRequest', 'ClassifyRequest']) {
      for (const field of ['text', 'texts']) {
        const { description } = components.schemas[name]?.properties[field] ?? {};
        expect([name, field, description]).toEqual([name, field, expect.stringMatching(/20000 .*with or without/)]);
      }
    }
  });
});

describe('bad requests', () => {
  it('has a code and a status for each', async () => {
    await expectError(post('/v1/fill-mask', '{"text": '), 400, 'malformed_json');
    await expectError(post('/v1/fill-mask', { text: 5 }), 400, 'invalid_request', /text/);
    await expectError(post('/v1/fill-mask', {}), 400, 'invalid_request', /one of text and texts/);
    await expectError(post('/v1/fill-mask', { text: 'a [MASK]', texts: ['b'] }), 400, 'invalid_request');
    await expectError(post('/v1/fill-mask', { text: 'a [MASK]', topK: 3 }), 400, 'invalid_request', /topK/);
    await expectError(post('/v1/fill-mask', { text: 'a [MASK]', top_k: 0 }), 400, 'invalid_request', /top_k/);
    await expectError(post('/v1/classify', { texts: Array(33).fill('a') }), 400, 'invalid_request', /texts/);
    const long = 'a'.repeat(MAX_TEXT_LENGTH + 1);
    await expectError(post('/v1/fill-mask', { text: `[MASK]${long}`, truncate: true }), 422, 'text_too_long', /20000/);
    await expectError(post('/v1/classify', { texts: ['a', long] }), 422, 'text_too_long', /20000/);
    await expectError(post('/v1/fill-mask', { text: 'no gap' }), 422, 'no_mask_token');
    await expectError(post('/v1/fill-mask', { text: 'a [MASK]', targets: ['cathedral'] }), 422, 'unknown_target');
    await expectError(post('/v1/fill-mask', { text: 'a [MASK]', model: 'nobody' }), 404, 'unknown_model', /filler/);
    await expectError(post('/v1/fill-mask', { text: 'a [MASK]', model: 'critic' }), 400, 'unsupported_task');
    await expectError(post('/v1/fill-mask', 'text=a', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type');
    await expectError(app.request('/v1/nothing'), 404, 'unknown_route');
    await expectError(app.request('/v1/nothing', { method: 'POST', body: 'a' }), 404, 'unknown_route');
    await expectError(app.request('/v1/models', { method: 'POST', body: 'a' }), 405, 'method_not_allowed');
    const wrongMethod = await app.request('/v1/fill-mask');
    expect(wrongMethod.headers.get('allow')).toBe('POST');
    await expectError(wrongMethod, 405, 'method_not_allowed');
  });

  it('refuses a body over 1 MB, whether it says its length or not', async () => {
    const text = 'a'.repeat(MAX_BODY_BYTES);
    await expectError(post('/v1/classify', { text }), 413, 'body_too_large');
    const chunks = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 12; i++) controller.enqueue(new TextEncoder().encode('a'.repeat(100_000)));
        controller.close();
      },
    });
    const request = new Request('http://edge/v1/classify', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: chunks,
    });
    await expectError(app.request(request), 413, 'body_too_large');
  });

  it('tells nothing of a fault of its own', async () => {
    const log = logged();
    const broken = createApp(() => {
      throw new Error('secret path /etc');
    });
    const response = await broken.request('/v1/models');
    expect(response.status).toBe(500);
    expect(await response.text()).toBe(
      '{"error":{"code":"internal","message":"The service failed. Try again later."}}',
    );
    expect(log).toEqual([[expect.objectContaining({ message: 'secret path /etc' })]]);
  });
});

describe('the deployment', () => {
  it('answers with its own wiring: entry point, kernels, static assets', async () => {
    logged();
    const { default: worker } = exports as unknown as { default: { fetch: typeof fetch } };
    expect(await (await worker.fetch('http://edge/healthz')).json()).toEqual({ status: 'ok' });
    const listing = await (env as unknown as { ASSETS: Files }).ASSETS.fetch('http://edge/models.json');
    const answer = await worker.fetch('http://edge/v1/models');
    if (!listing.ok) return expectError(answer, 503, 'unavailable');
    const names = (body: { models: { name: string }[] }) => body.models.map(({ name }) => name);
    expect(names(await answer.json())).toEqual(names(await listing.json()));
  });
});

describe('other origins', () => {
  it('may ask before they post', async () => {
    const response = await app.request('/v1/fill-mask', {
      method: 'OPTIONS',
      headers: { origin: 'https://site.example', 'access-control-request-method': 'POST' },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
  });
});

it('a body that does not come to its end is given up with timeout', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{"text":')) });
  const headers = { 'content-type': 'application/json' };
  const asked = app.request(new Request('http://edge/v1/classify', { method: 'POST', headers, body }));
  for (let i = 0; i < 20; i++) await vi.advanceTimersByTimeAsync(MAX_BODY_MS / 10);
  await expectError(asked, 408, 'timeout');
  vi.useRealTimers();
});
