import { CONFIGS } from '@lacuna/core';
import { expect, it } from 'vitest';
import type { DataSet, LabelledDataSet, StudioModel } from '../project.ts';
import { classifierOrder, fillMaskOrder } from './distil-order.ts';
import { heldOutExamples } from './held-out-examples.ts';

const statistics = { texts: 4, words: 9, characters: 40, duplicates: 0, empty: 0, lengths: [], labels: [] };
const shared = { name: 'data', statistics, warnings: [], train: { content: 'a\nb' }, trainTexts: 2 };
const text: DataSet = { ...shared, kind: 'text', heldOut: ['one text', 'another'] };
const labelled: LabelledDataSet = {
  ...shared,
  kind: 'labelled',
  labels: ['bad', 'good'],
  heldOut: [{ text: 'fine', label: 'good' }],
};
const model: StudioModel = {
  id: 'run:m',
  name: 'm',
  task: 'fill-mask',
  config: { ...CONFIGS.tiny, numHiddenLayers: 4 },
  parameters: 1,
  artifact: async (quantization = 'int8') => new Blob([quantization]),
};
const critic: StudioModel = { ...model, task: 'classification', labels: ['bad', 'fair', 'good'] };

it('a student learns from float weights where they are there, and is scored on what was held out', async () => {
  const order = await fillMaskOrder(model, text, { encoder: 1, decoder: 1, hiddenSize: 64 }, 2);
  expect(order).toMatchObject({
    task: 'distill',
    layers: { encoder: 1, decoder: 1 },
    validation: { content: 'one text\nanother', format: 'txt' },
    recipe: { budget: { minutes: 2 } },
  });
  expect(order).not.toHaveProperty('hiddenSize');
  expect(await (order as { teacher: Blob }).teacher.text()).toBe('none');
  expect(await fillMaskOrder(model, text, { hiddenSize: 32 }, 2)).toMatchObject({ hiddenSize: 32 });
  expect(await fillMaskOrder(model, { ...text, heldOut: [] }, {}, 2)).not.toHaveProperty('validation');
});

it('a classifier’s student needs labels that its teacher knows', async () => {
  const choice = { base: model, epochs: 2, variants: 1 };
  expect(await classifierOrder(critic, labelled, choice)).toMatchObject({
    task: 'finetune',
    variants: 1,
    recipe: { epochs: 2 },
    validation: labelled.heldOut,
  });
  const other = { ...labelled, labels: ['bad', 'great'] };
  await expect(classifierOrder(critic, other, choice)).rejects.toMatchObject({
    code: 'unknown_label',
    facts: { unknown: ['great'] },
  });
});

it('models are compared on held-out examples, two hundred at most', () => {
  expect(heldOutExamples(undefined)).toEqual([]);
  expect(heldOutExamples(text)).toEqual([{ text: 'one text' }, { text: 'another' }]);
  expect(heldOutExamples(labelled)).toEqual(labelled.heldOut);
  expect(heldOutExamples({ ...text, heldOut: Array(500).fill('a') })).toHaveLength(200);
});
