import { readArtifact } from '@lacuna/core/inference';
import kernels from '@lacuna/core/kernels/inference-relaxed.wasm';
import { beforeAll, expect, it } from 'vitest';
import { ModelCache, type ModelSource } from './model-cache.ts';
import { residentBytes } from './model-memory.ts';
import { fillerFile } from './testing.ts';

let file: Uint8Array<ArrayBuffer>;
let size: number;
beforeAll(async () => {
  file = await fillerFile(1);
  size = residentBytes(await readArtifact(file));
});

function sources() {
  const opened: string[] = [];
  let open = 0;
  let most = 0;
  const source = (key: string): ModelSource => ({
    key,
    version: undefined,
    async open() {
      opened.push(key);
      const read = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
        most = Math.max(most, ++open);
        await new Promise((settle) => setTimeout(settle, 5));
        controller.enqueue(file);
        controller.close();
        open--;
      };
      return new ReadableStream({ pull: read }, { highWaterMark: 0 });
    },
  });
  return { source, opened, most: () => most };
}

const cacheOf = (models: number) => new ModelCache(kernels, () => {}, models * size);

it('loads a model once however many ask for it, and has one file in memory at a time', async () => {
  const { source, opened, most } = sources();
  const cache = cacheOf(9);
  await Promise.all(['a', 'b', 'a', 'c', 'b', 'a'].map((key) => cache.get(source(key))));
  expect([opened, most()]).toEqual([['a', 'b', 'c'], 1]);
  expect([cache.size, cache.bytes]).toEqual([3, 3 * size]);
});

it('lets the model go that was asked for longest ago, and stays within its bytes', async () => {
  const { source, opened } = sources();
  const cache = cacheOf(2.5);
  for (const key of ['a', 'b', 'a', 'c', 'a']) await cache.get(source(key));
  expect(opened).toEqual(['a', 'b', 'c']);
  expect(cache.state('b')).toBeUndefined();
  await cache.get(source('b'));
  expect([cache.state('a'), cache.state('b'), cache.state('c')]).toEqual(['loaded', 'loaded', undefined]);
  expect(cache.bytes).toBeLessThanOrEqual(2.5 * size);
  expect(cache.figures).toEqual({ loads: 4, failures: 0, evictions: 2 });
});

it('answers a request whose model was let go meanwhile', async () => {
  const { source } = sources();
  const cache = cacheOf(1);
  const { model } = await cache.get(source('a'));
  const answer = model.fillMask('a [MASK]');
  await cache.get(source('b'));
  expect(cache.state('a')).toBeUndefined();
  expect(await answer).toHaveLength(1);
  expect(await model.fillMask('a [MASK]')).toEqual(await answer);
});

it('is not held up by a model whose file does not begin', async () => {
  const { source } = sources();
  const cache = cacheOf(9);
  const silent = cache.get({ key: 'silent', version: undefined, open: () => new Promise(() => {}) });
  silent.catch(() => {});
  expect((await cache.get(source('a'))).model.task).toBe('fill-mask');
});
