/** Comparing models in a page: as the core does in Node, from a worker that ends with its answer. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadModel, readArtifact } from '@lacuna/core';
import { compareModels } from '@lacuna/core/comparison';
import { loadKernels, makeBackend } from '@lacuna/core/node';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from './repository.ts';
import { SdkSite } from './sdk-server.ts';
import './sdk-page.ts';

const EXAMPLES = ['A warm, funny and moving film.', 'The river flows into the sea.', 'Dull and far too long.'].map(
  (text, i) => ({ text, label: i === 2 ? 'negative' : 'positive' }),
);

let site: SdkSite;
let page: Page;

beforeAll(async () => {
  site = await SdkSite.start();
  page = await site.openPage('open');
});

afterAll(() => site?.close());

it.each(['lacuna-fill', 'lacuna-sentiment'])('compares %s with itself, and tells how far it is', async (name) => {
  const told = await page.evaluate(
    async ([of, examples]) => {
      const fractions: number[] = [];
      const model = `/models/${of}.safetensors`;
      const comparison = await sdk.compareModels(new URL(model, location.href), model, examples, {
        seed: 3,
        onProgress: (fraction) => fractions.push(fraction),
      });
      return { comparison, fractions };
    },
    [name, EXAMPLES] as const,
  );
  const artifact = await readArtifact(readFileSync(`${ROOT}models/${name}.safetensors`));
  const inNode = async () => loadModel(await makeBackend({ name: 'wasm', module: await loadKernels() }), artifact);
  const expected = await compareModels(await inNode(), await inNode(), EXAMPLES, { seed: 3 });
  expect(told.comparison.answers.length).toBeGreaterThan(2);
  expect(told.comparison.answers.map(({ text, expected: of, first }) => [text, of, first.answer, first.rank])).toEqual(
    expected.answers.map(({ text, expected: of, first }) => [text, of, first.answer, first.rank]),
  );
  expect(told.comparison.first.crossEntropy).toBeCloseTo(expected.first.crossEntropy, 3);
  expect(told.comparison.first.medianMs).toBeGreaterThan(0);
  expect(told.comparison).toMatchObject({ agreement: 1, texts: 3, logits: { largestDifference: 0 } });
  expect(told.fractions.at(-1)).toBe(1);
});

it('times a shape, reports what int8 does to float weights only, and gives failures their codes', async () => {
  const told = await page.evaluate(async (examples) => {
    const model = await sdk.loadModel('/models/lacuna-fill.safetensors');
    const { config, parameters, quantization, version, labels } = model;
    model.close();
    const filler = '/models/lacuna-fill.safetensors';
    const small = await sdk.timeShape(filler, { ...config, numHiddenLayers: 1, numDecoderLayers: 1 }, 'A short text.');
    const failed = [
      await sdk.failing(sdk.int8Report(filler)),
      await sdk.failing(sdk.compareModels(filler, '/models/lacuna-sentiment.safetensors', examples)),
      await sdk.failing(sdk.compareModels(filler, filler, examples, { signal: AbortSignal.abort() })),
      await sdk.failing(sdk.timeShape('/models/nothing.safetensors', config, 'A text.')),
    ];
    const codes = failed.map((failure) => (failure as { code?: string }).code);
    return { facts: { parameters, quantization, version, labels, layers: config.numHiddenLayers }, small, codes };
  }, EXAMPLES);
  const { version } = await readArtifact(readFileSync(`${ROOT}models/lacuna-fill.safetensors`));
  expect(told.facts).toEqual({ parameters: 3_770_304, quantization: 'int8', version, labels: [], layers: 3 });
  expect(told.small).toEqual({ medianMs: expect.any(Number), tokens: 6 });
  expect(told.small.medianMs).toBeGreaterThan(0);
  expect(told.codes).toEqual(['invalid_argument', 'invalid_argument', 'aborted', 'network']);
});

it('an upload tells how much of the file is sent, and a refused one has the service’s code', async () => {
  const got: number[] = [];
  const server: Server = createServer((request, response) => {
    const cross = {
      'access-control-allow-origin': '*',
      'access-control-allow-headers': '*',
      'access-control-allow-methods': '*',
    };
    if (request.method === 'OPTIONS') return response.writeHead(204, cross).end();
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    request.on('end', () => {
      got.push(bytes);
      const refused = request.headers.authorization !== 'Bearer lk_right';
      const answer = refused ? { error: { code: 'unauthorized', message: 'no key' } } : { name: 'm', version: 'v' };
      response.writeHead(refused ? 401 : 201, { ...cross, 'content-type': 'application/json' });
      response.end(JSON.stringify(answer));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const told = await page.evaluate(async (at) => {
      const fractions: number[] = [];
      const file = new Blob([new Uint8Array(3_000_000)]);
      const onProgress = (fraction: number) => fractions.push(fraction);
      const published = await sdk.createClient({ baseUrl: at, key: 'lk_right' }).publish('m', file, { onProgress });
      const refusing = sdk.createClient({ baseUrl: at, key: 'lk_wrong' }).publish('m', file, { onProgress });
      const refused = await sdk.failing(refusing);
      const aborted = await sdk.failing(
        sdk.createClient({ baseUrl: at, key: 'k' }).publish('m', file, { onProgress, signal: AbortSignal.abort() }),
      );
      return { fractions, published, codes: [refused, aborted].map((failure) => (failure as { code: string }).code) };
    }, baseUrl);
    expect(told.published).toEqual({ name: 'm', version: 'v' });
    expect(told.fractions.length).toBeGreaterThan(1);
    expect(Math.max(...told.fractions)).toBe(1);
    expect(told.codes).toEqual(['unauthorized', 'aborted']);
    expect(got).toEqual([3_000_000, 3_000_000]);
  } finally {
    server.close();
  }
});
