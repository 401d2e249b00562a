/** Publishing, versions, conditions, pages and deletion, over HTTP on the runtime's own bucket. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Bucket } from './bindings.ts';
import { MAX_ARTIFACT_BYTES, MAX_HEADER_BYTES } from './limits.ts';
import {
  emptyBucket,
  expectError,
  fillerFile,
  postTo,
  publishTo,
  ROOT_KEY,
  TEST_CONFIG,
  type TestApp,
  testApp,
  testFiles,
} from './testing.ts';

let bucket: Bucket;
let test: TestApp;
let file: Uint8Array<ArrayBuffer>;
let other: Uint8Array<ArrayBuffer>;

beforeEach(async () => {
  bucket = await emptyBucket();
  test = await testApp(await testFiles(), { MODELS: bucket });
  [file, other] = [await fillerFile(7), await fillerFile(8)];
});

const authorization = `Bearer ${ROOT_KEY}`;
type Given = [id: string, bytes: BodyInit, headers?: Record<string, string>, description?: string];
const publish = (...given: Given) => publishTo(test.app, ...given);
const remove = (id: string, headers: Record<string, string> = {}) =>
  test.app.request(`/v1/models/${id}`, { method: 'DELETE', headers: { authorization, ...headers } });
const get = async (path: string, headers: Record<string, string> = {}) => test.app.request(path, { headers });
const best = async (model: string) => {
  const response = await postTo(test.app, '/v1/fill-mask', { text: 'a [MASK]', model, top_k: 1 });
  return (await response.json<{ gaps: { score: number }[][] }>()).gaps[0]?.[0]?.score;
};
const keys = async (prefix: string) => (await bucket.list({ prefix })).objects.map(({ key }) => key);

interface Published {
  version: string;
}

describe('publishing', () => {
  it('makes a model that answers at once, under its name and its version', async () => {
    const response = await publish('mine', file);
    const body = await response.json<Published>();
    expect(response.status).toBe(201);
    expect(body).toEqual({
      name: 'mine',
      version: expect.stringMatching(/^[0-9a-f]{16}$/),
      task: 'fill-mask',
      size_bytes: file.length,
      quantization: 'int8',
      labels: [],
      created_at: expect.stringMatching(/^20\d\d-/),
    });
    expect(response.headers.get('location')).toBe(`/v1/models/mine@${body.version}`);
    for (const model of ['mine', 'mine@latest', `mine@${body.version}`]) {
      const answer = await postTo(test.app, '/v1/fill-mask', { text: 'a [MASK]', model });
      expect([answer.status, answer.headers.get('x-model')]).toEqual([200, `mine@${body.version}`]);
      expect((await answer.json<{ model: string }>()).model).toBe('mine');
    }
  });

  it('adds versions that never change, the last of which is the latest', async () => {
    const first = await (await publish('mine', file)).json<Published>();
    const before = await best('mine');
    const second = await (await publish('mine', other)).json<Published>();
    expect(second.version).not.toBe(first.version);
    expect(await best('mine')).toBe(await best(`mine@${second.version}`));
    expect(await best(`mine@${first.version}`)).toBe(before);
    expect(await best('mine')).not.toBe(before);
    const { versions } = await (await get('/v1/models/mine')).json<{ versions: Published[] }>();
    expect(versions.map(({ version }) => version)).toEqual([second.version, first.version]);
  });

  it('of the same content again answers 200, makes it the latest and keeps one file', async () => {
    const first = await (await publish('mine', file)).json<Published>();
    await publish('mine', other);
    const again = await publish('mine', file);
    expect([again.status, (await again.json<Published>()).version]).toEqual([200, first.version]);
    expect((await keys('files/')).length).toBe(2);
    expect((await (await get('/v1/models/mine')).json<Published>()).version).toBe(first.version);
  });

  it('at once under one name loses none', async () => {
    const files = await Promise.all([11, 12, 13, 14].map((seed) => fillerFile(seed)));
    const answers = await Promise.all(files.map((bytes) => publish('busy', bytes)));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const { versions } = await (await get('/v1/models/busy')).json<{ versions: Published[] }>();
    const published = await Promise.all(answers.map((answer) => answer.json<Published>()));
    expect(versions.map(({ version }) => version).sort()).toEqual(published.map(({ version }) => version).sort());
    for (const { version } of versions) expect(await best(`busy@${version}`)).toBeGreaterThan(0);
  });

  it('keeps to If-Match and If-None-Match', async () => {
    const made = await publish('mine', file, { 'if-none-match': '*' });
    expect(made.status).toBe(201);
    const etag = made.headers.get('etag') ?? '';
    await expectError(publish('mine', other, { 'if-none-match': '*' }), 412, 'precondition_failed');
    await expectError(publish('mine', other, { 'if-match': '"another"' }), 412, 'precondition_failed');
    expect((await keys('files/')).length).toBe(1);
    expect((await publish('mine', other, { 'if-match': etag })).status).toBe(201);
    await expectError(remove('mine', { 'if-match': etag }), 412, 'precondition_failed');
    await expectError(publish('new', file, { 'if-match': '*' }), 412, 'precondition_failed');
  });

  it('refuses files that are not what they should be, and keeps nothing of them', async () => {
    const damaged = file.slice();
    damaged[file.length - 3] = (damaged[file.length - 3] as number) ^ 4;
    await expectError(publish('mine', damaged), 422, 'artifact_corrupt', /checksum/);
    await expectError(publish('mine', file.slice(0, -10)), 422, 'artifact_truncated');
    await expectError(publish('mine', new Uint8Array(100).fill(65)), 422, 'artifact_corrupt');
    await expectError(publish('mine', new Uint8Array(0)), 422, 'artifact_truncated');
    const long = new Uint8Array(200);
    new DataView(long.buffer).setBigUint64(0, BigInt(MAX_HEADER_BYTES + 1), true);
    await expectError(publish('mine', long), 422, 'artifact_corrupt', /header must be 2 to 1000000/);
    const huge = await fillerFile(1, { config: { ...TEST_CONFIG, maxPositionEmbeddings: 100_000 } });
    await expectError(publish('mine', huge), 422, 'model_too_large', /64 MB/);
    expect(await keys('')).toEqual([]);
    await expectError(get('/v1/models/mine'), 404, 'unknown_model');
  });

  it('refuses requests that are not what they should be', async () => {
    await expectError(publish('Mine!', file), 400, 'invalid_request');
    await expectError(publish('mine@0123456789abcdef', file), 400, 'invalid_request', /expected a name/);
    await expectError(publish('filler', file), 409, 'name_taken');
    await expectError(publish('mine', file, { 'content-type': 'application/json' }), 415, 'unsupported_media_type');
    const tooLong = String(MAX_ARTIFACT_BYTES + 1);
    await expectError(publish('mine', file, { 'content-length': tooLong }), 413, 'body_too_large');
    await expectError(publish('mine', file, { 'content-length': '' }), 411, 'length_required');
    const headers = { 'content-type': 'application/octet-stream', 'content-length': '10' };
    const keyless = test.app.request('/v1/models/mine', { method: 'PUT', body: file, headers });
    await expectError(keyless, 401, 'unauthorized');
  });

  it('refuses a file of another length than was said', async () => {
    const more = publish('mine', file, { 'content-length': String(file.length - 1) });
    await expectError(more, 422, 'artifact_truncated');
    const less = publish('mine', file, { 'content-length': String(file.length + 1) });
    await expectError(less, 422, 'artifact_corrupt');
    expect(await keys('')).toEqual([]);
  });
});

describe('reading', () => {
  it('answers 304 for what the caller has', async () => {
    await publish('mine', file);
    for (const path of ['/v1/models', '/v1/models/mine', '/v1/models/filler', '/v1/models/mine/artifact']) {
      const etag = (await get(path)).headers.get('etag') ?? 'none';
      const again = await get(path, { 'if-none-match': etag });
      expect([path, again.status, await again.text()]).toEqual([path, 304, '']);
      expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200);
    }
  });

  it('gives the file of a version back as it came, and of the deployment’s own models', async () => {
    const { version } = await (await publish('mine', file)).json<Published>();
    await publish('mine', other);
    const bytes = async (path: string) => new Uint8Array(await (await get(path)).arrayBuffer());
    expect(await bytes(`/v1/models/mine@${version}/artifact`)).toEqual(file);
    expect(await bytes('/v1/models/mine/artifact')).toEqual(other);
    expect(await bytes('/v1/models/filler/artifact')).toEqual(await fillerFile(1));
  });

  it('lists the deployment’s own models, then the stored ones in pages', async () => {
    for (const name of ['one', 'three', 'two']) await publish(name, file, {}, 'short');
    interface Page {
      models: { name: string; source: string; description?: string }[];
      next_cursor?: string;
    }
    const page = async (query: string) => (await get(`/v1/models${query}`)).json<Page>();
    const first = await page('?limit=2');
    expect(first.models.map(({ name }) => name)).toEqual(['filler', 'critic', 'topics', 'gone', 'one', 'three']);
    const rest = await page(`?limit=2&cursor=${encodeURIComponent(first.next_cursor ?? '')}`);
    expect(rest).toEqual({
      models: [
        {
          name: 'two',
          task: 'fill-mask',
          default: false,
          source: 'stored',
          version: expect.any(String),
          description: 'short',
        },
      ],
    });
    await expectError(get('/v1/models?limit=0'), 400, 'invalid_request');
    await expectError(get('/v1/models?cursor=%2Fetc'), 400, 'invalid_request');
  });

  it('knows no model that is not there', async () => {
    for (const id of ['nobody', 'nobody@latest', 'filler@0123456789abcdef']) {
      await expectError(get(`/v1/models/${id}`), 404, 'unknown_model');
      await expectError(get(`/v1/models/${id}/artifact`), 404, 'unknown_model');
      await expectError(postTo(test.app, '/v1/fill-mask', { text: '[MASK]', model: id }), 404, 'unknown_model');
    }
  });
});

describe('deleting', () => {
  it('takes one version away, or all of them with their files', async () => {
    const { version } = await (await publish('mine', file)).json<Published>();
    await publish('mine', other);
    expect((await remove(`mine@${version}`)).status).toBe(204);
    await expectError(get(`/v1/models/mine@${version}`), 404, 'unknown_model');
    expect((await get('/v1/models/mine')).status).toBe(200);
    expect((await remove('mine')).status).toBe(204);
    await expectError(get('/v1/models/mine'), 404, 'unknown_model');
    await expectError(remove('mine'), 404, 'unknown_model');
    expect(await keys('files/')).toEqual([]);
    const { models } = await (await get('/v1/models')).json<{ models: { name: string }[] }>();
    expect(models.map(({ name }) => name)).not.toContain('mine');
    expect((await publish('mine', file)).status).toBe(201);
  });

  it('leaves the deployment’s own models alone', async () => {
    await expectError(remove('filler'), 409, 'name_taken');
    await expectError(remove('nobody'), 404, 'unknown_model');
  });
});
