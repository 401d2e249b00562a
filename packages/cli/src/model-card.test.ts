/** The cards that ship say what was measured, and what their artifacts say of themselves. */
import { readFileSync } from 'node:fs';
import { readArtifact } from '@lacuna/core';
import { expect, it } from 'vitest';
import { type Evaluation, evaluationTable, withTable } from './model-card.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url));
const evaluationOf = (name: string) => JSON.parse(read(`bench/evaluations/${name}.json`).toString()) as Evaluation;

it.each(['english', 'sentiment'])('the card of %s has the table of its evaluation', (name) => {
  const card = read(`models/${name}.md`).toString();
  expect(withTable(name, card, evaluationTable([evaluationOf(name)]))).toBe(card);
});

it.each(['english', 'sentiment'])('the figures in the artifact of %s are those of its evaluation', async (name) => {
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

it('a card without marks is refused', () => {
  expect(() => withTable('card.md', '# A model', '')).toThrowError(expect.objectContaining({ code: 'malformed_data' }));
});
