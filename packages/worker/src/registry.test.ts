import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Files } from './bindings.ts';
import { expectError, logged, postTo, type TestApp, testApp, testFiles } from './testing.ts';

let files: Awaited<ReturnType<typeof testFiles>>;
let test: TestApp;

beforeEach(async () => {
  files = await testFiles();
  test = await testApp(files);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const post = (path: string, body: unknown) => postTo(test.app, path, body);

describe('loading', () => {
  it('goes on when the request that began it is given up', async () => {
    const { services, kept } = test;
    const get = async () => (await services.registry.resolve('critic', 'text-classification')).load();
    files.failOnce = 'critic.safetensors';
    await get().catch(() => {});
    await get();
    await get();
    expect(kept.length).toBe(3); // the listing, the load that failed, the load that did not
    await Promise.all(kept);
  });

  it('happens once for requests that come together', async () => {
    await Promise.all([1, 2, 3].map(() => post('/v1/classify', { text: 'good' })));
    expect(files.requested.filter((file) => file === 'critic.safetensors').length).toBe(1);
  });

  it('is tried again after a failure', async () => {
    files.failOnce = 'critic.safetensors';
    const log = logged();
    await expectError(post('/v1/classify', { text: 'good' }), 503, 'unavailable');
    expect(log.length).toBe(1);
    expect((await post('/v1/classify', { text: 'good' })).status).toBe(200);
  });

  it('is unavailable for a model whose file is gone', async () => {
    const log = logged();
    await expectError(post('/v1/fill-mask', { text: 'a [MASK]', model: 'gone' }), 503, 'unavailable');
    const causes = ['models: gone.safetensors cannot be loaded. Try again later.', 'gone.safetensors: status 404'];
    expect(log.map((call) => call.map((error) => (error as Error).message))).toEqual([causes]);
  });

  it('is unavailable for a file that is damaged, and logs what is wrong with it and does not tell', async () => {
    const damaged = { fetch: (url: string) => (url.endsWith('.json') ? files.fetch(url) : new Response('damaged')) };
    const log = logged();
    const answer = await postTo((await testApp(damaged as Files)).app, '/v1/classify', { text: 'good' });
    await expectError(answer, 503, 'unavailable', /^models: critic\.safetensors cannot be loaded/);
    expect(log).toEqual([
      [expect.objectContaining({ code: 'unavailable' }), expect.objectContaining({ code: 'artifact_truncated' })],
    ]);
  });
});
