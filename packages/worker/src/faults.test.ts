/** What becomes of models when the storage fails: nothing is lost, nothing is half there, and what is well still answers. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bucket, StoredBody } from './bindings.ts';
import { MAX_LOAD_MS, MAX_LOAD_WAIT_MS, MAX_UPLOAD_MS, STORED_MODEL_TTL_MS } from './limits.ts';
import {
  emptyBucket,
  expectError,
  fillerFile,
  logged,
  postTo,
  publishTo,
  type TestApp,
  testApp,
  testFiles,
} from './testing.ts';

let bucket: Bucket;
let file: Uint8Array<ArrayBuffer>;
/** Methods that stand in for the bucket's own while they are here. */
let broken: Partial<Bucket>;
let test: TestApp;

const isolate = async () => testApp(await testFiles(), { MODELS: faulty() });

beforeEach(async () => {
  bucket = await emptyBucket();
  file = await fillerFile(7);
  broken = {};
  test = await isolate();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function faulty(): Bucket {
  return {
    get: (...given) => (broken.get ?? bucket.get.bind(bucket))(...given),
    put: (...given) => (broken.put ?? bucket.put.bind(bucket))(...given),
    delete: (...given) => (broken.delete ?? bucket.delete.bind(bucket))(...given),
    list: (...given) => (broken.list ?? bucket.list.bind(bucket))(...given),
  };
}

const fails = async () => {
  throw new Error('internal error (10001)');
};
const silent = () => new Promise<never>(() => {});
/** Past the answers of before, which need no model. */
const ask = (model: string, of: TestApp = test) =>
  postTo(
    of.app,
    '/v1/fill-mask',
    { text: 'a [MASK]', model },
    { 'content-type': 'application/json', 'cache-control': 'no-store' },
  );
const names = async (of: TestApp = test) => {
  const { models } = await (await of.app.request('/v1/models')).json<{ models: { name: string; source: string }[] }>();
  return models.filter(({ source }) => source === 'stored').map(({ name }) => name);
};

/** The bucket's objects with their bytes changed on the way out. */
const getting = (change: (body: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>): Bucket['get'] => {
  return async (key) => {
    const object = await bucket.get(key);
    if (!object || !key.startsWith('files/')) return object;
    return new Proxy(object, {
      get: (of, name) => (name === 'body' ? change(of.body) : Reflect.get(of, name)),
    }) satisfies StoredBody;
  };
};

describe('a bucket that fails', () => {
  it('takes no model of the deployment with it, and says unavailable for what it holds', async () => {
    logged();
    Object.assign(broken, { get: fails, put: fails, list: fails, delete: fails });
    expect((await ask('filler')).status).toBe(200);
    await expectError(ask('mine'), 503, 'unavailable', /storage does not answer/);
    await expectError(publishTo(test.app, 'mine', file), 503, 'unavailable');
    await expectError(test.app.request('/v1/models'), 503, 'unavailable');
    expect(await (await test.app.request('/readyz')).json()).toMatchObject({ status: 'degraded', storage: 'failing' });
    broken = {};
    expect((await publishTo(test.app, 'mine', file)).status).toBe(201);
    expect((await ask('mine')).status).toBe(200);
  });

  it('leaves a model that is loaded answering, also when it is time to look again', async () => {
    await publishTo(test.app, 'mine', file);
    expect((await ask('mine')).status).toBe(200);
    broken = { get: fails };
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * STORED_MODEL_TTL_MS });
    expect((await ask('mine')).status).toBe(200);
  });

  it('may fail to write an index that it has written: the model is whole all the same', async () => {
    logged();
    broken.put = async (...given) => {
      const stored = await bucket.put(...given);
      if (given[0].startsWith('index/')) throw new Error('connection lost');
      return stored;
    };
    await expectError(publishTo(test.app, 'mine', file), 503, 'unavailable');
    broken = {};
    expect((await ask('mine')).status).toBe(200);
  });
});

describe('a bucket that is silent', () => {
  it('is waited for so long and no longer', async () => {
    logged();
    await publishTo(test.app, 'mine', file);
    const fresh = await isolate();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    broken.get = silent;
    const asked = ask('mine', fresh);
    await vi.advanceTimersByTimeAsync(MAX_LOAD_MS);
    await expectError(asked, 503, 'unavailable');
  });

  it('lets a request that waits for a model go, and the model come', async () => {
    logged();
    await publishTo(test.app, 'mine', file);
    const fresh = await isolate();
    let deliver = () => {};
    const held = new Promise<void>((resolve) => {
      deliver = resolve;
    });
    broken.get = async (key) => {
      if (key.startsWith('files/')) await held;
      return bucket.get(key);
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = ask('mine', fresh);
    await vi.waitFor(() => expect(fresh.kept.length).toBe(2));
    await vi.advanceTimersByTimeAsync(MAX_LOAD_WAIT_MS);
    const answer = await asked;
    expect(answer.headers.get('retry-after')).toBe('1');
    await expectError(answer, 503, 'model_loading');
    deliver();
    await Promise.all(fresh.kept);
    vi.useRealTimers();
    expect((await ask('mine', fresh)).status).toBe(200);
  });

  it('does not hold an upload for ever', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    broken.put = silent;
    const upload = publishTo(test.app, 'mine', file);
    await vi.advanceTimersByTimeAsync(0);
    for (let i = 0; i < 20; i++) await vi.advanceTimersByTimeAsync(MAX_UPLOAD_MS / 10);
    expect([408, 503]).toContain((await upload).status);
  });
});

describe('a file that does not come as it was stored', () => {
  const cutOff = (body: ReadableStream<Uint8Array>) => {
    let sent = 0;
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        sent += piece.length;
        if (sent > file.length / 2) controller.error(new Error('connection lost'));
        else controller.enqueue(piece);
      },
    });
    return body.pipeThrough(cut);
  };
  const altered = (body: ReadableStream<Uint8Array>) =>
    body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (piece, controller) => controller.enqueue(piece.map((byte, i) => (i === 100 ? byte ^ 1 : byte))),
      }),
    );
  const ended = () => new Response('short').body as ReadableStream<Uint8Array>;

  it.each([
    ['cut off in the middle', cutOff],
    ['altered by a bit', altered],
    ['of another length', ended],
  ])('is not served (%s), and asked for again the next time', async (_, change) => {
    const log = logged();
    await publishTo(test.app, 'mine', file);
    const expected = await (await ask('mine')).text();
    const fresh = await isolate();
    broken.get = getting(change);
    await expectError(ask('mine', fresh), 503, 'unavailable', /cannot be loaded/);
    expect(log.length).toBe(1);
    expect((await ask('filler', fresh)).status).toBe(200);
    broken = {};
    expect(await (await ask('mine', fresh)).text()).toBe(expected);
  });

  it('is not read when it has grown', async () => {
    logged();
    await publishTo(test.app, 'mine', file);
    const [stored] = (await bucket.list({ prefix: 'files/' })).objects;
    await bucket.put(stored?.key ?? '', 'x'.repeat(file.length + 1));
    await expectError(ask('mine', await isolate()), 503, 'unavailable', /cannot be loaded/);
  });

  it('is not another model in its place, however whole', async () => {
    logged();
    await publishTo(test.app, 'mine', file);
    const other = await fillerFile(8);
    broken.get = getting(() => new Response(other).body as ReadableStream<Uint8Array>);
    await expectError(ask('mine', await isolate()), 503, 'unavailable');
  });
});

describe('an isolate that is gone in the middle of an upload', () => {
  it('leaves nothing that others see, and nothing in their way', async () => {
    let send: ReadableStreamDefaultController<Uint8Array> | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        send = controller;
      },
    });
    const upload = publishTo(test.app, 'mine', body, { 'content-length': String(file.length) });
    send?.enqueue(file.slice(0, file.length - 500));
    await new Promise((settle) => setTimeout(settle, 50));
    const other = await isolate();
    expect(await names(other)).toEqual([]);
    await expectError(ask('mine', other), 404, 'unknown_model');
    expect((await publishTo(other.app, 'mine', file)).status).toBe(201);
    logged();
    send?.error(new Error('client went away'));
    await expectError(upload, 503, 'unavailable', /cut off/);
    expect((await ask('mine', other)).status).toBe(200);
    expect((await bucket.list({ prefix: 'files/' })).objects.length).toBe(1);
  });

  it('leaves files that no index names, which a later upload removes when they are old', async () => {
    await bucket.put('files/mine/left-behind', 'half a file');
    await publishTo(test.app, 'mine', file);
    await Promise.all(test.kept);
    const files = async () => (await bucket.list({ prefix: 'files/' })).objects.length;
    expect(await files()).toBe(2);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 7_200_000 });
    await publishTo(test.app, 'mine', await fillerFile(8));
    await Promise.all(test.kept);
    expect(await files()).toBe(2); // both versions, and no longer what was left behind
  });
});

it('two uploads of one name at once, one of them wrong, leave the right one', async () => {
  const wrong = file.slice();
  wrong[file.length - 1] = (wrong[file.length - 1] as number) ^ 1;
  const answers = await Promise.all([publishTo(test.app, 'mine', wrong), publishTo(test.app, 'mine', file)]);
  expect(answers.map(({ status }) => status)).toEqual([422, 201]);
  expect((await ask('mine')).status).toBe(200);
  expect((await bucket.list({ prefix: 'files/' })).objects.length).toBe(1);
});

it('an index that others keep changing is given up with conflict', async () => {
  let first = true;
  broken.put = async (...given) => {
    if (!given[0].startsWith('index/')) return bucket.put(...given);
    if (first) await bucket.put(given[0], JSON.stringify({ versions: [] }));
    first = false;
    return null;
  };
  await expectError(publishTo(test.app, 'mine', file), 409, 'conflict');
  expect((await bucket.list({ prefix: 'files/' })).objects).toEqual([]);
});
