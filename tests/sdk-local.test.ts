/** Models that answer in a page: as the same artifact does in Node, with the HTTP client's methods. */
import { readFileSync } from 'node:fs';
import { loadModel, readArtifact } from '@lacuna/core';
import { loadKernels, makeBackend } from '@lacuna/core/node';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from './repository.ts';
import { SdkSite } from './sdk-server.ts';
import './sdk-page.ts';

let site: SdkSite;
let page: Page;

beforeAll(async () => {
  site = await SdkSite.start();
  page = await site.openPage('open');
});

afterAll(() => site?.close());

async function inNode(name: string) {
  const ops = await makeBackend({ name: 'wasm', module: await loadKernels() });
  return loadModel(ops, await readArtifact(readFileSync(`${ROOT}models/${name}.safetensors`)));
}

it('a model loaded by its address fills gaps as it does in Node, one text or several', async () => {
  const texts = ['The capital of [MASK] is Paris.', 'He [MASK] the [MASK].'];
  const told = await page.evaluate(async (given) => {
    const model = await sdk.loadModel('/models/lacuna-fill.safetensors');
    const one = await model.fillMask(given[0] as string, { topK: 3 });
    const all = await model.fillMask(given, { topK: 3 });
    const targets = await model.fillMask(given[0] as string, { targets: ['france', 'spain'] });
    const filled = await model.fillOneByOne(given[1] as string, { topK: 2 });
    const partly = await model.fillMask(['No gap.', given[0] as string], { partial: true, topK: 1 });
    const { name, task, labels } = model;
    model.close();
    const partial = partly.map((answer) => ('code' in answer ? answer.code : answer.length));
    return { one, all, targets, filled, partial, facts: { name, task, labels } };
  }, texts);
  const model = await inNode('lacuna-fill');
  const expected: Awaited<ReturnType<typeof model.fillMask>>[] = [];
  for (const text of texts) expected.push(await model.fillMask(text, { topK: 3 }));
  const words = (gaps: readonly (readonly { readonly token_str: string }[])[]) =>
    gaps.map((gap) => gap.map(({ token_str }) => token_str));
  expect(told.all.map(words)).toEqual(expected.map(words));
  expect(told.one).toEqual(told.all[0]);
  told.all.flat(2).forEach(({ score }, i) => {
    expect(score).toBeCloseTo(expected.flat(2)[i]?.score ?? Number.NaN, 4);
  });
  expect(told.targets[0]?.map(({ token_str }) => token_str).sort()).toEqual(['france', 'spain']);
  const filled = await model.fillOneByOne(texts[1] as string, { topK: 2 });
  expect([told.filled.filled, words(told.filled.gaps)]).toEqual([filled.filled, words(filled.gaps)]);
  expect(told.partial).toEqual(['no_mask_token', 1]);
  expect(told.facts).toEqual({ name: model.name, task: 'fill-mask', labels: [] });
});

it('a model loaded from a file classifies and explains: the words that decide weigh most', async () => {
  const told = await page.evaluate(async () => {
    const bytes = await (await fetch('/models/lacuna-sentiment.safetensors')).blob();
    const model = await sdk.loadModel(new File([bytes], 'lacuna-sentiment.safetensors'));
    const text = 'A dull film with one brilliant scene.';
    const [scores] = await model.classify([text]);
    const explained = await model.explain(text, { target: 'positive' });
    const again = await Promise.all([model.explain(text), model.explain('Wonderful.')]);
    model.close();
    return { scores, explained, targets: again.map(({ target }) => target) };
  });
  const expected = await (await inNode('lacuna-sentiment')).classify('A dull film with one brilliant scene.');
  expect(told.scores?.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
  const positive = told.scores?.find(({ label }) => label === 'positive');
  expect(told.explained.score).toBeCloseTo(positive?.score ?? Number.NaN, 2);
  expect(told.explained.error).toBeLessThan(0.05);
  const of = (word: string) => told.explained.tokens.find(({ piece }) => piece === word)?.attribution;
  expect(of('dull')).toBeLessThan(0);
  expect(of('brilliant')).toBeGreaterThan(0);
  expect(told.explained.attention.length).toBeGreaterThan(1);
  expect(told.targets).toEqual([expected[0]?.label, 'positive']);
});

it('what cannot be answered, or is no model, or is not waited for, is a LacunaError with its code', async () => {
  const codes = await page.evaluate(async () => {
    const filler = await sdk.loadModel('/models/lacuna-fill.safetensors');
    const failed = [
      await sdk.failing(filler.fillMask('No gap.')),
      await sdk.failing(filler.classify('A text.')),
      await sdk.failing(filler.explain('[MASK]', { gap: 3 })),
      await sdk.failing(filler.fillMask('[MASK]', { signal: AbortSignal.abort() })),
      await sdk.failing(sdk.loadModel('/models/nothing.safetensors')),
      await sdk.failing(sdk.loadModel(new Uint8Array(100))),
    ];
    const answer = await filler.fillMask('[MASK] is here.');
    filler.close();
    return [...failed.map((failure) => (failure as { code?: string }).code), answer.length];
  });
  expect(codes).toEqual([
    'no_mask_token',
    'unsupported_task',
    'invalid_argument',
    'aborted',
    'network',
    expect.stringMatching(/^artifact_/),
    1,
  ]);
});
