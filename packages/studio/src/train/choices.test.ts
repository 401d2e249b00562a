import { expect, it } from 'vitest';
import type { DataSet, TextDataSet } from '../project.ts';
import {
  type Choices,
  epochsFor,
  freshConfig,
  freshName,
  goalsFor,
  knobProblem,
  NO_KNOBS,
  nameProblem,
  numberOf,
  sizeFor,
  vocabularyFor,
} from './choices.ts';
import { plannedText } from './planned-text.ts';
import { stepsOf } from './run-steps.ts';

const statistics = { texts: 1000, words: 10_000, characters: 50_000, duplicates: 0, empty: 0, lengths: [], labels: [] };
const text: TextDataSet = {
  kind: 'text',
  name: 'a book.txt.gz',
  statistics,
  warnings: [],
  train: { content: 'One.\nTwo.' },
  trainTexts: 950,
  heldOut: ['Held out.', 'And this.'],
};
const labelled: DataSet = {
  ...text,
  kind: 'labelled',
  labels: ['bad', 'good'],
  heldOut: [{ text: 'Held out.', label: 'good' }],
};
const filler = {
  id: 'site:lacuna-fill',
  name: 'lacuna-fill',
  task: 'fill-mask' as const,
  config: freshConfig(text, { preset: 'short', knobs: NO_KNOBS }),
  parameters: 4_000_000,
  artifact: async () => new Blob(['lacuna-fill']),
};
const choices: Choices = { goal: 'fill', preset: 'short', run: 'first', base: undefined, knobs: NO_KNOBS };
const never = () => Promise.reject(new Error('was exported'));

it('a model grows with the time and the text, and never past either', () => {
  expect(sizeFor('short', 1e9)).toBe('tiny');
  expect(sizeFor('medium', 10_000)).toBe('tiny');
  expect(sizeFor('medium', 1e9)).toBe('small');
  expect(sizeFor('long', 1e6)).toBe('small');
  expect(sizeFor('long', 1e9)).toBe('base');
  expect(vocabularyFor('tiny', 1e9)).toBe(1024);
  expect(vocabularyFor('small', 500_000)).toBe(4096);
  expect(vocabularyFor('base', 1e9)).toBe(8192);
});

it('rounds over the rows fill the minutes, at least one and at most ten', () => {
  expect(epochsFor(2, labelled, 4_000_000)).toBe(10);
  const many = { ...labelled, statistics: { ...statistics, words: 400_000 } };
  expect(epochsFor(10, many, 4_000_000)).toBe(2);
  expect(epochsFor(0.1, many, 4_000_000)).toBe(1);
});

it('a run on text asks for its budget, its size and its held-out texts', async () => {
  const [step, ...others] = stepsOf(text, choices, never);
  expect(others).toEqual([]);
  expect(await step?.options()).toMatchObject({
    task: 'pretrain',
    run: 'first',
    text: text.train,
    validation: 'Held out.\nAnd this.',
    config: { hiddenSize: 64, vocabSize: 1024 },
    recipe: { budget: { minutes: 2 } },
    backend: 'auto',
  });
});

it('knobs go before presets, and what is empty is left to them', async () => {
  const knobs = { ...NO_KNOBS, size: 'small' as const, vocabulary: '500', minutes: '0,5', ratio: '0.3', lanes: '2' };
  const options = await stepsOf(text, { ...choices, knobs }, never)[0]?.options();
  expect(options).toMatchObject({
    config: { hiddenSize: 128, vocabSize: 500 },
    recipe: { budget: { minutes: 0.5 }, ratio: { from: 0.3 } },
    lanes: 2,
  });
  expect(options).not.toHaveProperty('recipe.learningRate');
});

it('a run on text goes on from the chosen model, with its shape', async () => {
  const options = await stepsOf(text, { ...choices, base: filler }, never)[0]?.options();
  expect(options).toMatchObject({ task: 'pretrain', recipe: { budget: { minutes: 2 } } });
  expect(options).not.toHaveProperty('config');
  expect(await (options as unknown as { model: Blob }).model.text()).toBe('lacuna-fill');
});

it('a classifier starts from the chosen model and is scored on the held-out rows', async () => {
  const knobs = { ...NO_KNOBS, epochs: '3', batch: '16' };
  const steps = stepsOf(labelled, { ...choices, goal: 'label', base: filler, knobs }, never);
  expect(steps).toHaveLength(1);
  const options = await steps[0]?.options();
  expect(options).toMatchObject({
    task: 'finetune',
    validation: labelled.heldOut,
    labels: ['bad', 'good'],
    recipe: { epochs: 3, batchSize: 16 },
  });
  expect(await (options as unknown as { model: Blob }).model.text()).toBe('lacuna-fill');
});

it('from nothing, the language is learned first and its model exported for the labels', async () => {
  const exported: string[] = [];
  const steps = stepsOf(labelled, { ...choices, goal: 'both', knobs: { ...NO_KNOBS, batch: '4096' } }, async (run) => {
    exported.push(run);
    return new Blob(['language']);
  });
  expect(steps.map(({ run, task }) => [run, task])).toEqual([
    ['first lm', 'pretrain'],
    ['first', 'finetune'],
  ]);
  expect(await steps[0]?.options()).toMatchObject({
    run: 'first lm',
    recipe: { budget: { minutes: 1.2 }, batchTokens: 4096 },
  });
  expect(exported).toEqual([]);
  const second = await steps[1]?.options();
  expect(exported).toEqual(['first lm']);
  // A batch in tokens says nothing of one in texts.
  expect(second).not.toHaveProperty('recipe.batchSize');
});

it('plain text cannot be labelled, and one label cannot be told apart', () => {
  expect(() => stepsOf(text, { ...choices, goal: 'label' }, never)).toThrow(/expected labelled rows/);
  expect(goalsFor(text)).toEqual(['fill']);
  expect(goalsFor(labelled)).toEqual(['label', 'both', 'fill']);
  expect(goalsFor({ ...labelled, labels: ['one'] })).toEqual(['fill']);
});

it('a run is named after its data, with the first free number', () => {
  expect(freshName(text, [])).toBe('a book 1');
  expect(freshName(text, ['a book 1', 'a book 3'])).toBe('a book 2');
  expect(freshName(text, ['a book 1 lm'])).toBe('a book 2');
  expect(freshName({ ...text, name: '日本.csv' }, [])).toBe('run 1');
  expect(nameProblem('a book 1', ['a book 1'])).toMatch(/kept already/);
  expect(nameProblem('../other', [])).toMatch(/letters/);
  expect(nameProblem('..', [])).toMatch(/letters/);
  expect(nameProblem('a book 1', [])).toBeUndefined();
});

it('a knob is refused outside its range, and for what is no number', () => {
  expect(knobProblem('ratio', '0.96')).toBe('A number from 0.05 to 0.95.');
  expect(knobProblem('lanes', '1.5')).toBe('A whole number from 1 to 16.');
  expect(knobProblem('seed', 'abc')).toBeDefined();
  expect(knobProblem('seed', '')).toBeUndefined();
  expect(knobProblem('minutes', '0,5')).toBeUndefined();
  expect(numberOf(' ')).toBeUndefined();
});

it('says in a sentence what a run will be', () => {
  expect(plannedText(text, choices)).toBe(
    'A model of 2 + 2 layers, up to 1,024 pieces and 239k parameters, for 2 minutes.',
  );
  expect(plannedText(text, { ...choices, base: filler })).toBe(
    'lacuna-fill (4.0M parameters) goes on learning for 2 minutes.',
  );
  expect(plannedText(labelled, { ...choices, goal: 'label', base: filler })).toBe(
    'lacuna-fill (4.0M parameters) learns for 10 rounds over 950 rows.',
  );
  expect(plannedText(labelled, { ...choices, goal: 'both' })).toMatch(
    /^First a model .* for 1\.2 minutes, then 10 rounds/,
  );
});
