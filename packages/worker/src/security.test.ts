/** Keys, scopes, limits, origins and headers. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type Bucket, settingsOf } from './bindings.ts';
import { KEY_TTL_MS, MAX_IN_FLIGHT } from './limits.ts';
import {
  emptyBucket,
  expectError,
  fillerFile,
  postTo,
  publishTo,
  ROOT_KEY,
  type TestApp,
  testApp,
  testFiles,
} from './testing.ts';

let bucket: Bucket;
let test: TestApp;
const JSON_TYPE = { 'content-type': 'application/json' };

beforeEach(async () => {
  vi.useRealTimers();
  bucket = await emptyBucket();
  test = await testApp(await testFiles(), { MODELS: bucket });
});

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function createKey(scopes: string[], of: TestApp = test) {
  const answer = await postTo(of.app, '/v1/keys', { name: 'a test', scopes }, { ...JSON_TYPE, ...bearer(ROOT_KEY) });
  expect(answer.status).toBe(201);
  return answer.json<{ id: string; key: string }>();
}

describe('a key', () => {
  it('is shown once and stored as a hash', async () => {
    const { id, key } = await createKey(['write', 'read']);
    expect(key).toMatch(new RegExp(`^lk_${id}_[0-9a-f]{64}$`));
    const stored = await (await bucket.get(`keys/${id}.json`))?.text();
    expect(stored).not.toContain(key.slice(-64));
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key)));
    expect(stored).toContain(Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join(''));
    const listed = await (await test.app.request('/v1/keys', { headers: bearer(ROOT_KEY) })).text();
    expect(JSON.parse(listed)).toEqual({
      keys: [{ id, name: 'a test', scopes: ['read', 'write'], created_at: expect.any(String) }],
    });
  });

  it('opens what its scopes say and nothing else', async () => {
    const [reader, writer] = [await createKey(['read']), await createKey(['write'])];
    const file = await fillerFile(1);
    await expectError(publishTo(test.app, 'mine', file, bearer(reader.key)), 403, 'forbidden', /scope write, got read/);
    expect((await publishTo(test.app, 'mine', file, bearer(writer.key))).status).toBe(201);
    const asWriter = { method: 'DELETE', headers: bearer(writer.key) };
    await expectError(test.app.request(`/v1/keys/${reader.id}`, asWriter), 403, 'forbidden', /scope admin/);
    await expectError(postTo(test.app, '/v1/keys', {}, { ...JSON_TYPE, ...bearer(writer.key) }), 403, 'forbidden');
    expect((await test.app.request('/v1/models/mine', asWriter)).status).toBe(204);
  });

  it('that is wrong is refused everywhere, with how to do it right', async () => {
    const { key } = await createKey(['read']);
    const changed = key.slice(0, -1) + (key.endsWith('0') ? '1' : '0');
    const unknown = `lk_${'f'.repeat(16)}_${'0'.repeat(64)}`;
    for (const wrong of [changed, unknown, 'lk_', `${key}0`, ROOT_KEY.replace('1', '2')]) {
      const answer = await test.app.request('/v1/models', { headers: bearer(wrong) });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      await expectError(answer, 401, 'unauthorized');
    }
    expect((await test.app.request('/v1/models', { headers: bearer(key) })).status).toBe(200);
  });

  it('of another service, which its client sends along, is none', async () => {
    const { key } = await createKey(['admin']);
    for (const authorization of ['Bearer hf_abc', 'Bearer', '', `Basic ${key}`, `Bearer  ${'x'.repeat(5_000)}`]) {
      expect((await test.app.request('/v1/models', { headers: { authorization } })).status).toBe(200);
      await expectError(test.app.request('/v1/keys', { headers: { authorization } }), 401, 'unauthorized');
    }
  });

  it('opens nothing after it is revoked, elsewhere after a minute', async () => {
    const elsewhere = await testApp(await testFiles(), { MODELS: bucket });
    const { id, key } = await createKey(['read']);
    const status = async (of: TestApp) => (await of.app.request('/v1/models', { headers: bearer(key) })).status;
    expect([await status(test), await status(elsewhere)]).toEqual([200, 200]);
    const revoke = { method: 'DELETE', headers: bearer(ROOT_KEY) };
    expect((await test.app.request(`/v1/keys/${id}`, revoke)).status).toBe(204);
    expect(await status(test)).toBe(401);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + KEY_TTL_MS + 1 });
    expect(await status(elsewhere)).toBe(401);
    await expectError(test.app.request(`/v1/keys/${id}`, revoke), 404, 'unknown_key');
  });

  it('is not needed to read, unless the settings say so', async () => {
    const closed = await testApp(await testFiles(), { MODELS: bucket, READING: 'keys' });
    const { key } = await createKey(['read'], closed);
    const text = { text: 'a [MASK]' };
    for (const path of ['/v1/fill-mask', '/models/filler', '/ai/run/filler']) {
      expect((await postTo(closed.app, path, text)).status).toBe(401);
    }
    for (const path of ['/v1/models', '/v1/models/filler', '/v1/models/filler/artifact', '/metrics']) {
      await expectError(closed.app.request(path), 401, 'unauthorized');
    }
    for (const path of ['/healthz', '/readyz', '/openapi.json', '/docs']) {
      expect([path, (await closed.app.request(path)).status]).toEqual([path, 200]);
    }
    expect((await postTo(closed.app, '/v1/fill-mask', text, { ...JSON_TYPE, ...bearer(key) })).status).toBe(200);
    const writer = await createKey(['write'], closed);
    await expectError(
      postTo(closed.app, '/v1/fill-mask', text, { ...JSON_TYPE, ...bearer(writer.key) }),
      403,
      'forbidden',
    );
  });

  it('cannot be made or used where no bucket is bound, but for the root key', async () => {
    const bare = await testApp(await testFiles());
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const headers = { ...JSON_TYPE, ...bearer(ROOT_KEY) };
    await expectError(postTo(bare.app, '/v1/keys', { name: 'a', scopes: ['read'] }, headers), 503, 'unavailable');
    await expectError(publishTo(bare.app, 'mine', await fillerFile(1)), 503, 'unavailable', /no bucket/);
  });
});

describe('settings', () => {
  it('keep the door shut when they are misspelt', () => {
    expect(settingsOf({}).privateReading).toBe(false);
    expect(settingsOf({ READING: 'public' }).privateReading).toBe(false);
    for (const READING of ['keys', 'Public', 'pubic', '']) expect(settingsOf({ READING }).privateReading).toBe(true);
    for (const wrong of ['', 'abc', 'F'.repeat(64)]) {
      expect(settingsOf({ ROOT_KEY_SHA256: wrong }).rootKeySha256).toBeUndefined();
    }
    for (const wrong of ['many', '-1']) expect(settingsOf({ REQUESTS_PER_MINUTE: wrong }).requestsPerMinute).toBe(1200);
  });
});

describe('the rate limit', () => {
  const from = (address: string) => ({ 'cf-connecting-ip': address });

  it('refuses one address after so many requests, for a minute, and no other', async () => {
    const { app } = await testApp(await testFiles(), { REQUESTS_PER_MINUTE: '3' });
    const statuses = async (address: string) => {
      const answers = [];
      for (let i = 0; i < 4; i++) answers.push(await app.request('/v1/models', { headers: from(address) }));
      return answers;
    };
    const answers = await statuses('192.0.2.1');
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers[3]?.headers.get('retry-after')).toBe('10');
    await expectError(answers[3] as Response, 429, 'rate_limited');
    expect((await app.request('/v1/models', { headers: from('192.0.2.2') })).status).toBe(200);
    expect((await app.request('/healthz', { headers: from('192.0.2.1') })).status).toBe(200);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    expect((await app.request('/v1/models', { headers: from('192.0.2.1') })).status).toBe(200);
  });

  it('is the binding’s where there is one, and the isolate’s own while that fails', async () => {
    const asked: string[] = [];
    let limit = async ({ key }: { key: string }) => {
      asked.push(key);
      return { success: asked.length < 2 };
    };
    const RATE_LIMITER = { limit: (options: { key: string }) => limit(options) };
    const { app } = await testApp(await testFiles(), { RATE_LIMITER, REQUESTS_PER_MINUTE: '1' });
    const status = async () => (await app.request('/v1/models', { headers: from('192.0.2.9') })).status;
    expect([await status(), await status()]).toEqual([200, 429]);
    expect(asked).toEqual(['192.0.2.9', '192.0.2.9']);
    limit = async () => {
      throw new Error('down');
    };
    expect([await status(), await status()]).toEqual([200, 429]);
  });

  it('counts before a key is looked up', async () => {
    const { app } = await testApp(await testFiles(), { REQUESTS_PER_MINUTE: '1' });
    const headers = { ...from('192.0.2.3'), ...bearer('lk_wrong') };
    expect((await app.request('/v1/models', { headers })).status).toBe(401);
    expect((await app.request('/v1/models', { headers })).status).toBe(429);
  });

  it('holds off more requests than can be answered at once', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const asked = Array.from({ length: MAX_IN_FLIGHT + 5 }, () =>
      postTo(test.app, '/v1/fill-mask', { text: '[MASK]' }),
    );
    const answers = await Promise.all(asked);
    expect(answers.filter(({ status }) => status === 503).length).toBe(5);
    expect(answers.filter(({ status }) => status === 200).length).toBe(MAX_IN_FLIGHT);
    expect((await postTo(test.app, '/v1/fill-mask', { text: '[MASK]' })).status).toBe(200);
  });
});

describe('other origins', () => {
  const preflight = (of: TestApp, origin: string) =>
    of.app.request('/v1/fill-mask', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });

  it('may all call by default, and those that are listed where some are', async () => {
    const some = await testApp(await testFiles(), { CORS_ORIGINS: 'https://one.example, https://two.example' });
    const allowed = async (of: TestApp, origin: string) =>
      (await preflight(of, origin)).headers.get('access-control-allow-origin');
    expect(await allowed(test, 'https://any.example')).toBe('*');
    expect(await allowed(some, 'https://two.example')).toBe('https://two.example');
    expect(await allowed(some, 'https://evil.example')).toBeNull();
    expect((await preflight(test, 'https://any.example')).headers.get('access-control-allow-headers')).toMatch(
      /authorization/,
    );
  });

  it('can read errors and what the headers tell', async () => {
    const answer = await postTo(test.app, '/v1/fill-mask', {}, { ...JSON_TYPE, origin: 'https://any.example' });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-expose-headers')).toMatch(/x-request-id/);
  });
});

it('every answer has security headers, refusals too', async () => {
  const paths = ['/healthz', '/v1/models', '/nothing', '/v1/keys', '/docs'];
  for (const path of paths) {
    const { headers } = await test.app.request(path);
    expect([path, headers.get('x-content-type-options')]).toEqual([path, 'nosniff']);
    expect([path, headers.get('content-security-policy')]).toEqual([
      path,
      expect.stringContaining("default-src 'none'"),
    ]);
    expect([path, headers.get('strict-transport-security')]).toEqual([path, expect.stringContaining('max-age')]);
    expect([path, headers.get('x-request-id')]).toEqual([path, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  }
});
