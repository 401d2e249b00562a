/** `lacuna evaluate` with thresholds and several models, on a small classifier. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIGS } from '@lacuna/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lacuna } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-evaluate-'));
const at = (name: string) => join(folder, name);
const small = { hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 24, vocabSize: 150 };
const evaluating = ['evaluate', '--model', at('critic'), '--data', at('train.tsv')];

beforeAll(() => {
  writeFileSync(at('small.json'), JSON.stringify({ ...CONFIGS.tiny, ...small }));
  writeFileSync(at('train.tsv'), 'sentence\tlabel\na happy cat\tgood\na sad dog\tbad\nthe happy girl\tgood\n');
  writeFileSync(at('scope.tsv'), 'sentence\tlabel\na happy cat\tgood\na sad dog\tbad\nseven mats\toos\n');
  const run = ['pretrain', '--text', 'embedded', '--tokenizer-bytes', '100000', '--config', at('small.json')];
  const answers = [
    lacuna(...run, '--steps', '3', '--out', at('run')),
    lacuna('finetune', '--model', at('run'), '--data', at('train.tsv'), '--epochs', '1', '--out', at('critic')),
  ];
  expect(answers.map(({ status }) => status)).toEqual([0, 0]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('evaluate turns texts of no label away, and averages several models', () => {
  const scope = ['--data', at('scope.tsv'), '--dev', at('scope.tsv'), '--out-of-scope', 'oos'];
  const { status, json } = lacuna('evaluate', '--model', at('critic'), at('critic'), ...scope, '--json');
  expect(status).toBe(0);
  const [first, second] = json.models as Record<string, number>[];
  expect(second).toEqual(first);
  expect(first).toMatchObject({ examples: 2, outOfScopeExamples: 1, threshold: expect.any(Number) });
  expect(json.mean).toMatchObject({ accuracy: first?.accuracy, outOfScopeRecall: first?.outOfScopeRecall });
  expect(json.sd).toMatchObject({ accuracy: 0 });
});

it('export keeps the threshold that --dev gives, and classify asks for it', () => {
  const scope = ['--dev', at('scope.tsv'), '--out-of-scope', 'oos'];
  const file = at('critic.safetensors');
  const { status, json } = lacuna('export', '--model', at('critic'), ...scope, '--out', file, '--json');
  expect(status).toBe(0);
  const { threshold } = json as { threshold: number };
  const all = lacuna('classify', 'a happy cat', '--model', file, '--json').json.labels as { score: number }[];
  const own = lacuna('classify', 'a happy cat', '--model', file, '--threshold', 'model', '--json').json;
  expect(own.labels).toEqual(all.filter(({ score }) => score >= threshold));
  expect(lacuna('classify', 'a cat', '--model', file, '--threshold', 'high', '--json').json.error).toMatchObject({
    code: 'invalid_argument',
  });
});

it.each([
  ['a threshold that nothing needs', ['--dev', at('train.tsv')], '--dev must stand with --out-of-scope'],
  ['a share of nothing', ['--out-of-scope-share', '0.2'], '--out-of-scope-share must stand with --out-of-scope'],
  ['texts of no label without others', ['--out-of-scope', 'oos'], '--out-of-scope must stand with --dev'],
])('evaluate refuses %s with invalid_argument', (_what, args, says) => {
  const { status, json } = lacuna(...evaluating, ...args, '--json');
  expect(status).toBe(2);
  expect(json.error).toMatchObject({ code: 'invalid_argument', message: expect.stringContaining(says) });
});
