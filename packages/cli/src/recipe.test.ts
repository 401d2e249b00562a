/** Recipes as their users run them: small models on the embedded corpus, in an output folder of this test. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIGS } from '@lacuna/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shippedPlans } from './ablation/plan.ts';
import { lineOf, parsedStep, pathOf, shippedRecipes, withPrerequisites } from './recipe.ts';
import { inputsOf } from './recipe-inputs.ts';
import { lacuna } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-recipe-'));
const at = (name: string) => join(folder, name);
const small = { hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 24, vocabSize: 150 };

const base = {
  step: 'base',
  command: 'pretrain',
  options: {
    text: ['$DATA/text.txt'],
    config: '$HERE/small.json',
    'tokenizer-bytes': 100000,
    'batch-tokens': '128',
    steps: 3,
    out: '$OUT/base',
  },
};
const critic = {
  step: 'critic',
  command: 'finetune',
  options: { model: '$OUT/base', data: '$DATA/sets.json#train', epochs: 1, out: '$OUT/critic' },
};
const figures = {
  step: 'figures',
  command: 'evaluate',
  options: { model: ['$OUT/critic'], data: '$DATA/sets.json#train', out: '$OUT/evaluations/critic.json' },
};

function write(name: string, value: unknown): string {
  writeFileSync(at(name), JSON.stringify(value));
  return at(name);
}

const digest = expect.stringMatching(/^[0-9a-f]{64}$/);
const seconds = (json: Record<string, unknown>) =>
  Object.fromEntries((json.steps as { step: string; seconds?: number }[]).map((one) => [one.step, one.seconds]));
const again = expect.any(Number);

const run = (recipe: string, ...rest: string[]) =>
  lacuna('recipe', 'run', recipe, '--data', folder, '--out', at('out'), ...rest, '--json');
const record = (name: string) => JSON.parse(readFileSync(at(`out/${name}.recipe.json`), 'utf8'));

beforeAll(() => {
  writeFileSync(at('text.txt'), 'the happy cat sat on a red mat and the sad dog went home again\n'.repeat(200));
  write('sets.json', {
    train: [
      ['a happy cat', 'good'],
      ['a sad dog', 'bad'],
      ['the happy mat', 'good'],
    ],
  });
  write('small.json', { ...CONFIGS.tiny, ...small });
  write('first.json', { about: 'a base', steps: [base] });
  write('second.json', { about: 'a critic', after: ['first'], steps: [critic, figures] });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lacuna recipe run', () => {
  it('runs the recipes before it and its own steps, and records options, data, machine and answers', () => {
    const { status, json, stderr } = run(at('second.json'));
    expect([status, stderr.match(/error.*/)?.[0]]).toEqual([0, undefined]);
    expect(json.steps).toMatchObject([
      { recipe: 'first', step: 'base' },
      { recipe: 'second', step: 'critic' },
      { recipe: 'second', step: 'figures' },
    ]);
    const [first, second] = [record('first'), record('second')];
    expect(first.steps).toMatchObject([
      {
        step: 'base',
        options: { steps: 3, out: '$OUT/base' },
        inputs: [
          { file: '$DATA/text.txt', bytes: statSync(at('text.txt')).size, sha256: digest },
          { file: '$HERE/small.json' },
        ],
        answer: { step: 3, complete: true },
        cpu: expect.any(String),
      },
    ]);
    expect(second.steps[0].inputs).toMatchObject([{ file: '$OUT/base', sha256: digest }, { file: '$DATA/sets.json' }]);
    const written = JSON.parse(readFileSync(at('out/evaluations/critic.json'), 'utf8'));
    expect(written).toMatchObject({ model: 'critic', examples: 3, intervals: { accuracy: expect.any(Array) } });
    expect(second.steps[1].answer).toMatchObject({ accuracy: written.accuracy });
  });

  it('passes over what is done, and does again what is gone', () => {
    const before = statSync(at('out/base/checkpoint.safetensors')).mtimeMs;
    rmSync(at('out/evaluations'), { recursive: true });
    const { status, json } = run(at('second.json'));
    expect(status).toBe(0);
    expect(seconds(json)).toEqual({ base: undefined, critic: undefined, figures: again });
    expect(statSync(at('out/base/checkpoint.safetensors')).mtimeMs).toBe(before);
    expect(existsSync(at('out/evaluations/critic.json'))).toBe(true);
  });

  it('makes again what was made of a step that is remade, and keeps the run before it aside', () => {
    const weights = readFileSync(at('out/critic/checkpoint.safetensors'));
    const { json } = run(at('second.json'), '--remake', 'critic');
    expect(seconds(json)).toEqual({ base: undefined, critic: again, figures: again });
    expect(readFileSync(at('out/critic.1/checkpoint.safetensors'))).toEqual(weights);
    const critic = () => record('second').steps[0].inputs[0].sha256;
    const before = critic();
    writeFileSync(at('text.txt'), 'another cat ate the other mat and no dog ever went home\n'.repeat(200));
    const { json: whole, stderr } = run(at('second.json'));
    expect(seconds(whole)).toEqual({ base: again, critic: again, figures: again });
    expect(stderr).toContain('step critic is made again: what it reads has changed');
    expect(critic()).not.toBe(before);
  });

  it('refuses to remake a step that it does not have', () => {
    expect(run(at('first.json'), '--remake', 'roof')).toMatchObject({ status: 2 });
  });

  it('begins a step anew that was stopped before what it reads changed', () => {
    const path = at('out/second.recipe.json');
    const { steps, ...rest } = record('second');
    const [{ inputs, options, ...critic }, figures] = steps;
    const begun = { ...critic, options, inputs: [{ ...inputs[0], sha256: '0'.repeat(64) }, inputs[1]] };
    writeFileSync(path, JSON.stringify({ ...rest, begun, steps: [figures] }));
    const { stderr } = run(at('second.json'));
    expect(stderr).toContain('step critic is made again');
    writeFileSync(path, JSON.stringify({ ...rest, begun: { ...begun, inputs }, steps: [figures] }));
    expect(run(at('second.json')).stderr).toContain('--resume');
  });

  it('reads a step with seeds as a step for each', () => {
    const many = { ...base, options: { ...base.options, seed: '$SEED', out: '$OUT/base-$SEED' }, seeds: [4, 5] };
    const { json } = run(write('seeds.json', { about: 'two', steps: [many] }));
    expect(seconds(json)).toEqual({ 'base-4': again, 'base-5': again });
    expect(record('seeds').steps).toMatchObject([{ options: { seed: '4', out: '$OUT/base-4' } }, {}]);
  });

  it('goes on with a run that was stopped before its step was recorded, with more lanes if asked', () => {
    rmSync(at('out/first.recipe.json'));
    const { status, stderr } = run(at('first.json'), '--lanes', '2');
    expect(status).toBe(0);
    expect(stderr).toContain('--lanes 2 --resume');
    expect(record('first').steps).toMatchObject([{ machine: { lanes: 2 }, answer: { step: 3, complete: true } }]);
  });

  it('refuses to take a step for done that was done with other options', () => {
    const options = { ...base.options, steps: 4 };
    const changed = write('first.json', { about: 'a base', steps: [{ ...base, options }] });
    expect(run(changed)).toMatchObject({ status: 1, json: { error: { code: 'recipe_mismatch' } } });
  });
});

describe('a recipe is refused before its first step', () => {
  const refused = (steps: unknown, rest: object = {}) => {
    const path = write('bad.json', { about: 'bad', steps, ...rest });
    const { status, json } = lacuna('recipe', 'run', path, '--data', folder, '--out', at('none'), '--json');
    expect([status, existsSync(at('none'))]).toEqual([1, false]);
    return (json.error as { code: string }).code;
  };

  it.each([
    ['a command that never ends', [{ step: 'a', command: 'serve', options: {} }]],
    ['an option that the command lacks', [{ ...base, options: { ...base.options, colour: 'red' } }]],
    ['a value that the option refuses', [{ ...base, options: { ...base.options, lanes: 0 } }]],
    ['an option in camelCase', [{ ...base, options: { ...base.options, batchTokens: 3 } }]],
    ['a step twice', [base, base]],
    ['seeds that are no numbers', [{ ...base, seeds: ['one'] }]],
    ['a step without a command', [{ step: 'a', options: {} }]],
  ])('with %s', (_what, steps) => {
    expect(refused(steps)).toBe('invalid_recipe');
  });

  it('that comes before itself', () => {
    expect(refused([base], { after: ['bad'] })).toBe('invalid_recipe');
  });

  it('whose data are not there', () => {
    expect(refused([{ ...base, options: { ...base.options, text: ['$DATA/none.txt'] } }])).toBe('file_not_found');
  });

  it('that nobody knows', () => {
    expect(run('nothing')).toMatchObject({ status: 1, json: { error: { code: 'unknown_recipe' } } });
  });
});

it('every recipe that ships is made of lines that its commands take', async () => {
  const recipes = shippedRecipes();
  const names = recipes.map(({ name }) => name);
  expect(names).toEqual(['cores', 'emotion', 'fill', 'intent', 'sentiment']);
  for (const one of recipes) {
    for (const step of one.steps) await parsedStep(step, one, lineOf(step, one, { data: 'texts', out: 'runs' }));
  }
});

it('every recipe and plan that ships names the licence of each of its data and models', () => {
  const recipes = [...shippedRecipes(), ...shippedPlans().map(({ recipe }) => recipe)];
  for (const one of recipes) {
    const { name, licences, folder: at } = one;
    const plan = JSON.parse(readFileSync(join(at, `${name}.json`), 'utf8'));
    const found = new Set(JSON.stringify(plan).match(/\$DATA\/[a-z0-9]+|\$MODELS\/[\w.-]+/g));
    const named = Object.keys(licences);
    expect([name, [...found].filter((source) => !named.includes(source))]).toEqual([name, []]);
  }
});

it('every file that a shipped recipe takes from $OUT is made by a step before it, and every model that ships is there', () => {
  for (const one of shippedRecipes()) {
    const shipped = one.steps.flatMap(inputsOf).filter((word) => word.startsWith('$MODELS/'));
    for (const word of shipped)
      expect([word, existsSync(pathOf(word, one, { data: '', out: '' }))]).toEqual([word, true]);
    const made: string[] = [];
    for (const step of withPrerequisites(one).flatMap(({ steps }) => steps)) {
      for (const file of inputsOf(step).filter((word) => word.startsWith('$OUT/'))) {
        expect([step.step, file, made.includes(file)]).toEqual([step.step, file, true]);
      }
      made.push(`${step.options.out}`);
    }
  }
});

it('recipe show prints lines for a shell', () => {
  const { stdout } = lacuna('recipe', 'show', 'sentiment');
  expect(stdout).toMatch(
    /^lacuna finetune --model \S+\/models\/lacuna-fill\.safetensors --data \$DATA\/sst2\/train\.tsv/m,
  );
  expect(stdout).toContain('--seed 3 --lanes 1 --out $OUT/sentiment-student-3');
  expect(lacuna('recipe', 'show', 'cores').stdout).toContain(
    'lacuna pretrain --text $DATA/enwiki2015/train.txt.zst $DATA/imdb/unsup.tsv.zst',
  );
});
