/** What a classifier learns from: several files, without texts that it is scored on, and text without labels. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIGS } from '@lacuna/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lacuna } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-finetune-data-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function table(name: string, header: string, rows: readonly string[]): string {
  writeFileSync(at(name), [header, ...rows].join('\n'));
  return at(name);
}

const held = 'the happy cat sat on a red mat in the sun';
const first = table('first.tsv', 'text\tlabel', [
  'the cat is happy\tgood',
  'a dog is sad\tbad',
  'the mat is happy\tgood',
]);
const second = table('second.tsv', 'label\tsentence', [`good\tWell, ${held}, he said.`, 'bad\ta sad and lonely dog']);
const dev = table('dev.tsv', 'sentence\tlabel', [`${held}\tgood`, 'nothing is as sad as that\tbad']);
const common = ['--epochs', '1', '--json'];

beforeAll(() => {
  const small = { hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 24, vocabSize: 150 };
  writeFileSync(at('small.json'), JSON.stringify({ ...CONFIGS.tiny, ...small }));
  const options = [
    '--tokenizer-bytes',
    '100000',
    '--batch-tokens',
    '128',
    '--steps',
    '3',
    '--config',
    at('small.json'),
  ];
  expect(lacuna('pretrain', '--text', 'embedded', ...options, '--out', at('base')).status).toBe(0);
});

it('finetune learns from several files, and leaves out what stands in those of --without', () => {
  const line = ['finetune', '--model', at('base'), '--data', first, second, ...common];
  expect(lacuna(...line, '--out', at('all')).json).toMatchObject({ examples: 5, labels: ['bad', 'good'] });
  const { json, stderr } = lacuna(...line, '--without', dev, '--valid', dev, '--out', at('teacher'));
  expect(json).toMatchObject({ examples: 4, metrics: { examples: 2 } });
  expect(stderr).toContain('1 of 5 texts stand in');
});

it('finetune with a teacher takes sentences without labels, as many as asked, none that it is scored on', () => {
  const text = at('text.txt');
  writeFileSync(
    text,
    `A dog went home again. T${held.slice(1)}. The sun was high.\nEverything is red and blue. Yes.\nFive blue boats at sea.\n`,
  );
  const line = [
    'finetune',
    '--model',
    at('base'),
    '--data',
    first,
    '--teacher',
    at('teacher'),
    '--without',
    dev,
    ...common,
  ];
  const learned = (...rest: string[]) => lacuna(...line, '--unlabelled', text, ...rest).json.examples;
  expect(learned('--out', at('four'))).toBe(3 + 4);
  expect(learned('--unlabelled-sentences', '2', '--variants', '2', '--out', at('two'))).toBe(3 + 2 + 2 * 3);
});

it('finetune trains for minutes where they are given, whatever the epochs', () => {
  const line = [
    'finetune',
    '--model',
    at('base'),
    '--data',
    first,
    '--minutes',
    '0.01',
    '--json',
    '--out',
    at('minutes'),
  ];
  const { json } = lacuna(...line);
  expect(json).toMatchObject({ complete: true });
  expect(json.seconds).toBeGreaterThanOrEqual(0.6);
  expect(json.step).toBeGreaterThan(3);
});

it('evaluate and baseline leave out what the model has read', () => {
  const scored = ['evaluate', '--model', at('teacher'), '--data', second, '--json'];
  expect([lacuna(...scored).json.examples, lacuna(...scored, '--without', dev).json.examples]).toEqual([2, 1]);
  const control = ['baseline', '--data', first, second, '--test', dev, '--buckets', '4096', '--json'];
  expect([lacuna(...control).json.trainedOn, lacuna(...control, '--without', dev).json.trainedOn]).toEqual([5, 4]);
});

it('teach writes what a classifier says of texts, variants and sentences, and finetune learns from it', () => {
  const out = at('taught.jsonl');
  const text = at('more.txt');
  writeFileSync(text, 'A dog went home again. The sun was high.\n');
  const line = ['teach', '--data', first, '--teacher', at('teacher'), '--infill', at('base'), '--variants', '2'];
  const asked = ['--unlabelled', text, '--out', out, '--json'];
  expect(lacuna(...line, ...asked).json).toMatchObject({ own: 3, examples: 3 + 6 + 2, labels: ['bad', 'good'] });
  const rows = readFileSync(out, 'utf8').trim().split('\n');
  const parsed = rows.map((row) => JSON.parse(row) as { text: string; label: Record<string, number> });
  expect(parsed[0]?.text).toBe('the cat is happy');
  for (const { label } of parsed) {
    expect(Object.keys(label)).toEqual(['bad', 'good']);
    expect((label.bad ?? 0) + (label.good ?? 0)).toBeCloseTo(1, 3);
  }
  const learn = ['finetune', '--model', at('base'), ...common, '--data'];
  expect(lacuna(...learn, out, '--out', at('taught')).json).toMatchObject({ examples: 11, labels: ['bad', 'good'] });
  // The texts and what is said of them are those that a fine-tuning with the teacher learns from.
  const inline = ['finetune', '--model', at('base'), '--teacher', at('teacher'), ...common];
  expect(lacuna(...inline, '--data', first, '--out', at('inline')).status).toBe(0);
  expect(lacuna(...line.slice(0, -2), '--out', at('own.jsonl')).status).toBe(0);
  expect(lacuna(...learn, at('own.jsonl'), '--out', at('file')).status).toBe(0);
  const scored = (run: string) => lacuna('evaluate', '--model', at(run), '--data', first, '--json').json;
  const [a, b] = [scored('inline'), scored('file')].map(({ crossEntropy }) => crossEntropy as number);
  expect(a).toBeCloseTo(b as number, 3);
  const filler = ['teach', '--data', first, '--teacher', at('base'), '--infill', at('base')];
  expect(lacuna(...filler, '--out', at('none.jsonl'), '--json').json.error).toMatchObject({ code: 'unsupported_task' });
  // A bag that learned the labels has a say of a half beside the one classifier.
  const often = ['teach', '--teacher', at('teacher'), '--infill', at('base'), '--data', ...Array(20).fill(first)];
  expect(lacuna(...often, '--out', at('alone.jsonl')).status).toBe(0);
  expect(lacuna(...often, '--bags', '1', '--out', at('bags.jsonl')).status).toBe(0);
  const told = (file: string) =>
    readFileSync(at(file), 'utf8')
      .trim()
      .split('\n')
      .map((row) => (JSON.parse(row) as { label: { good: number } }).label.good);
  const [alone, beside] = [told('alone.jsonl'), told('bags.jsonl')];
  const bag = beside.map((p, i) => 2 * p - (alone[i] as number));
  expect(bag.every((p) => p > -1e-3 && p < 1.001)).toBe(true);
  expect((bag[0] as number) - (bag[1] as number)).toBeGreaterThan(0.1);
  const unlabelled = ['teach', '--teacher', at('teacher'), '--infill', at('base'), '--unlabelled', text, '--bags', '1'];
  expect(lacuna(...unlabelled, '--out', at('none.jsonl')).status).toBe(2);
  writeFileSync(at('off.jsonl'), '{"text": "a cat", "label": {"bad": 0.9, "good": 0.9}}\n');
  const { json } = lacuna(...learn, at('off.jsonl'), '--out', at('refused'));
  expect(json.error).toMatchObject({ code: 'malformed_data', message: expect.stringContaining('line 1') });
});

it.each([
  ['--bags', '1'],
  ['--variants', '2'],
  ['--unlabelled', first],
])('finetune refuses %s without a teacher', (...given) => {
  const { status, json } = lacuna(
    'finetune',
    '--model',
    at('base'),
    '--data',
    first,
    ...given,
    '--out',
    at('no'),
    '--json',
  );
  expect([status, json.error]).toMatchObject([2, { message: expect.stringContaining('--teacher') }]);
});

it('relabel brings the labels of one task to those of another', () => {
  const rows = ['a happy cat\t2', 'a sad dog\t0,1', 'a cat and a dog\t0,2', 'a mat\t3', 'nothing\t'];
  const emotions = table('emotions.tsv', 'text\tlabel', rows);
  const labels = ['--labels', 'anger', 'fear', 'joy', 'neutral', '--multi-label'];
  const line = ['relabel', '--data', emotions, ...labels, '--out', at('moods.jsonl'), '--json', '--map'];
  const { json } = lacuna(...line, 'joy=good', 'anger=bad', 'fear=bad');
  expect(json).toMatchObject({ examples: 2, leftOut: 3, counts: { good: 1, bad: 1 } });
  const written = readFileSync(at('moods.jsonl'), 'utf8').trim().split('\n');
  expect(written.map((row) => JSON.parse(row))).toEqual([
    { text: 'a happy cat', label: 'good' },
    { text: 'a sad dog', label: 'bad' },
  ]);
  for (const map of [['joy'], ['joy=good', 'joy=bad'], ['sorrow=bad']]) expect(lacuna(...line, ...map).status).toBe(2);
});
