import { CONFIGS } from '@lacuna/core';
import { expect, it } from 'vitest';
import type { DataSet } from '../project.ts';
import { modelCard } from './model-card.ts';

const facts = {
  task: 'fill-mask',
  labels: [],
  config: { ...CONFIGS.tiny, vocabSize: 840, maxPositionEmbeddings: 64 },
  parameters: 145_000,
  sizeBytes: 171_234,
  quantization: 'int8',
  version: '0123456789abcdef',
  maxTokens: 62,
  metrics: null,
  provenance: null,
} as const;
const options = { name: 'stories', address: 'http://localhost:8787' };

const data: DataSet = {
  name: 'letters.txt',
  kind: 'text',
  statistics: { texts: 1000, words: 9000, characters: 50_000, duplicates: 3, empty: 1, lengths: [], labels: [] },
  warnings: [],
  train: { content: '', name: 'letters.txt' },
  trainTexts: 900,
  heldOut: Array(100).fill('a text'),
};

it('says what is not known where a file says nothing, and invents nothing', () => {
  const card = modelCard(facts, { ...options, data });
  expect(card).toContain('# stories\n\nFills gaps in text.');
  expect(card).toContain('`stories.safetensors`, 171 kB: int8 weights');
  expect(card).toContain('2 encoder and 2 decoder layers, 64 wide');
  expect(card).toContain('| Licence | not stated |');
  expect(card.match(/The file does not say\./g)).toHaveLength(2);
  expect(card).toContain('It was not scored on held-out data.');
  expect(card).not.toMatch(/letters\.txt|undefined|NaN|null/);
});

it('tells the run, its data in numbers where they are at hand, and its figures', () => {
  const recipe = { task: 'distill', text: ['letters.txt'], backend: 'wasm', lanes: 2, recipe: { seed: 1 } };
  const card = modelCard(
    {
      ...facts,
      provenance: { recipe, step: 1304, tokens: 2_000_000 },
      metrics: { top1: 0.58, crossEntropy: 1.17, tokens: 10_200 },
    },
    { ...options, data, teacher: 'first run', description: 'Old letters | and more.' },
  );
  expect(card).toContain('Old letters | and more.');
  expect(card).toContain(
    'Distilled from a teacher (first run) in 1,304 steps over 2,000,000 tokens with the backend wasm on 2 lanes.',
  );
  expect(card).toContain('"seed": 1');
  expect(card).toContain('| of them held out | 100 |');
  expect(card).toContain('| Top-1 | 58.0 % |');
  expect(card).toContain('| Removed tokens that were scored | 10,200 |');
  const other = modelCard(
    { ...facts, provenance: { recipe: { ...recipe, text: ['other.txt'] } } },
    { ...options, data },
  );
  expect(other).toContain('- other.txt');
  expect(other).not.toContain('held out');
});

it('a classifier’s card has its labels, how often each stands in the data, and no broken table', () => {
  const labelled: DataSet = {
    ...data,
    kind: 'labelled',
    labels: ['a|b', 'c'],
    heldOut: [],
    statistics: { ...data.statistics, labels: [{ label: 'a|b', count: 7 }] },
  };
  const recipe = { task: 'finetune', text: ['letters.txt'], lanes: 1, backend: 'wasm' };
  const card = modelCard(
    { ...facts, task: 'text-classification', labels: ['a|b', 'c'], provenance: { recipe }, metrics: { accuracy: 0.9 } },
    { ...options, data: labelled },
  );
  expect(card).toContain('| Labels | `a\\|b`, `c` |');
  expect(card).toContain('| Label `a\\|b` | 7 |');
  expect(card).toContain('| Accuracy | 90.0 % |');
  expect(card).toContain('/v1/classify');
});
