/** The cards that ship say what was measured, and what their artifacts say of themselves. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArtifact } from '@lacuna/core';
import { expect, it } from 'vitest';
import { type Evaluation, evaluationTable, labelTables, withTable } from './model-card.ts';
import { lacuna } from './testing.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url));
const SHIPPED = ['lacuna-fill', 'lacuna-sentiment', 'lacuna-emotion', 'lacuna-intent'];
const evaluationOf = (name: string) =>
  JSON.parse(read(`bench/evaluations/${name.replace('lacuna-', '')}.json`).toString()) as Evaluation;

it.each(SHIPPED)('the card of %s has the table of its evaluation', (name) => {
  const card = read(`models/${name}.md`).toString();
  const marked = card.slice(card.indexOf('<!-- lacuna card -->'), card.indexOf('<!-- /lacuna card -->'));
  const evaluation = evaluationOf(name);
  expect(marked).toContain(evaluationTable([evaluation]));
  const labels = labelTables([evaluation]);
  expect(labels).toHaveLength(name === 'lacuna-fill' ? 0 : 2);
  for (const part of labels) expect(marked).toContain(part);
});

it.each(SHIPPED)('the figures in the artifact of %s are those of its evaluation', async (name) => {
  const { metrics } = await readArtifact(read(`models/${name}.safetensors`));
  const stored = Object.entries(metrics as Record<string, number>);
  expect(stored.length).toBeGreaterThan(3);
  const evaluation = evaluationOf(name);
  for (const [field, value] of stored) expect([field, evaluation[field]]).toEqual([field, expect.closeTo(value, 3)]);
});

it('a table has the spread of several seeds, and a dash for what was not measured', () => {
  const seeds = { models: [{ model: 'a' }, { model: 'b' }], mean: { accuracy: 0.5 }, sd: { accuracy: 0.25 } };
  const one = { model: 'c', macroF1: 0.75, examples: 4, intervals: { macroF1: [0.5, 1] as const } };
  expect(evaluationTable([seeds, one])).toBe(
    [
      '| model | accuracy | macro-F1 | scored |',
      '| --- | --- | --- | --- |',
      '| a, mean of 2 seeds | 0.5000 ± 0.2500 | – | – |',
      '| c | – | 0.7500 [0.5000, 1.0000] | 4 |',
    ].join('\n'),
  );
});

it('a card that is not there yet is begun, with facts, data and lines, and keeps what is written outside of its marks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-card-'));
  const out = join(folder, 'mine.md');
  const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  const line = ['card', '--out', out, '--model', at('models/lacuna-sentiment.safetensors'), '--recipe', 'sentiment'];
  const write = () => lacuna(...line, '--evaluations', at('bench/evaluations/sentiment.json'), '--json');
  expect(write().json).toMatchObject({ rows: 1 });
  const card = readFileSync(out, 'utf8');
  expect(card).toContain('# mine');
  expect(card).toContain('| Labels | negative, positive; one a text |');
  expect(card).toContain('| Parameters | 2,840,450 |');
  expect(card).toContain('| `sst2` | research release');
  expect(card).toContain('| `lacuna-fill.safetensors` | Apache-2.0');
  expect(card).toContain('lacuna finetune --model models/lacuna-fill.safetensors --data $DATA/sst2/train.tsv');
  writeFileSync(out, `${card}\n## Limits\n\nFew words.\n`);
  write();
  expect(readFileSync(out, 'utf8')).toBe(`${card}\n## Limits\n\nFew words.\n`);
  rmSync(folder, { recursive: true });
});

it('a card without marks is refused', () => {
  expect(() => withTable('card.md', '# A model', '')).toThrowError(expect.objectContaining({ code: 'malformed_data' }));
});
