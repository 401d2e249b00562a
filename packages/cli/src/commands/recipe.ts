/** `lacuna recipe`: makes a model by its recipe, step by step; what is done is passed over, what was stopped goes on. */
import { type Answer, defineCommand, type Session, UsageError, type Values } from '../command.ts';
import { MACHINE_OPTIONS } from '../pretrain-options.ts';
import { formatDuration } from '../quantity.ts';
import {
  lineOf,
  openRecipe,
  parsedStep,
  type Recipe,
  type RecipeStep,
  shippedRecipes,
  withPrerequisites,
} from '../recipe.ts';
import { digestsOf, expectData, RecipeRecord } from '../recipe-record.ts';
import { RunFolder } from '../run-folder.ts';
import { table } from '../table.ts';

const { lanes, backend } = MACHINE_OPTIONS;

const OPTIONS = {
  data: { kind: 'text', value: 'DIR', about: 'run: the folder that $DATA stands for in the recipe' },
  out: { kind: 'text', value: 'DIR', about: 'run: the folder for all that is made', default: 'runs' },
  lanes: {
    kind: 'integer',
    about: 'run: worker threads of steps that train (default: as the recipe says)',
    min: lanes.min,
    max: lanes.max,
  },
  backend: {
    kind: 'choice',
    choices: backend.choices,
    about: 'run: the backend of steps that train (default: as the recipe says)',
  },
} as const;

type RecipeValues = Values<typeof OPTIONS>;

export const recipe = defineCommand({
  name: 'recipe',
  about:
    'run NAME makes a model by a recipe of this repository, or by a file of your own: its steps are ordinary commands. ' +
    'Given again, it passes over the steps that are done and goes on with the one that was stopped. The output folder ' +
    'gets a record of every step: its options, the checksums of its data, the machine, and what it answered. ' +
    'list shows the recipes, show NAME the command lines of one.',
  positionals: ['ACTION', '[NAME]'],
  options: OPTIONS,
  examples: [
    'lacuna recipe list',
    'lacuna recipe show english',
    'lacuna recipe run english --data texts --out runs --lanes 2',
  ],
  async run(options, [action, name], session) {
    if (action === 'list' && name === undefined) return list();
    if (name === undefined || (action !== 'run' && action !== 'show')) {
      const got = [action, name].filter(Boolean).join(' ');
      throw new UsageError(`recipe: expected list, show NAME or run NAME, got ${got}.`);
    }
    const recipes = withPrerequisites(openRecipe(name));
    if (action === 'show') return show(recipes);
    const { data } = options;
    if (data === undefined) throw new UsageError('recipe: --data must be DIR, got nothing.');
    return runAll(recipes, { ...options, data }, session);
  },
});

function list(): Answer {
  const recipes = shippedRecipes();
  const fields = recipes.map(({ name, about, after, steps }) => ({ name, about, after, steps: steps.length }));
  const rows = recipes.map(({ name, about }) => [name, about]);
  return {
    fields: { recipes: fields },
    text: rows.map(([name = '', about]) => `${name.padEnd(20)}${about}`).join('\n'),
  };
}

function show(recipes: readonly Recipe[]): Answer {
  const places = { data: '$DATA', out: '$OUT' };
  const lines = recipes.flatMap((one) =>
    one.steps.map((step) => ({ step: step.step, line: shellLine([step.command, ...lineOf(step, one, places)]) })),
  );
  return { fields: { steps: lines }, text: lines.map(({ line }) => `lacuna ${line}`).join('\n') };
}

function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w$./:#+=,-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

async function runAll(
  recipes: readonly Recipe[],
  options: RecipeValues & { readonly data: string },
  session: Session,
): Promise<Answer> {
  expectData(
    recipes.flatMap(({ steps }) => steps),
    options.data,
  );
  // Every mistake in a line comes to light before the first step takes its hours.
  for (const one of recipes) for (const step of one.steps) await parsedStep(step, one, lineOf(step, one, options));
  const rows: { recipe: string; step: string; seconds: number | undefined }[] = [];
  for (const one of recipes) {
    const record = new RecipeRecord(options.out, one);
    for (const step of one.steps) {
      const done = await runStep(step, one, record, options, session);
      if (done.exitCode !== 0)
        return { ...done, text: `${done.text}\nThe same line goes on: lacuna recipe run ${recipes.at(-1)?.name} …` };
      rows.push({ recipe: one.name, step: step.step, seconds: done.seconds });
    }
  }
  const shown = rows.map(({ recipe: of, step, seconds }) => [
    `${of}: ${step}`,
    seconds === undefined ? 'done before' : formatDuration(seconds),
  ]);
  return { fields: { out: options.out, steps: rows }, text: table(['step', 'took'], shown) };
}

async function runStep(
  step: RecipeStep,
  one: Recipe,
  record: RecipeRecord,
  options: RecipeValues & { readonly data: string },
  session: Session,
) {
  const { command, parsed } = await parsedStep(step, one, lineOf(step, one, options));
  const out = (parsed.options as { out?: string }).out;
  if (record.isDone(step, out)) return { exitCode: 0, seconds: undefined, text: '' };
  const machine = 'lanes' in command.options ? machineOptions(options) : {};
  const resumes = 'resume' in command.options && out !== undefined && new RunFolder(out).hasCheckpoint;
  const now = { ...step.options, ...machine, ...(resumes ? { resume: true as const } : {}) };
  const line = lineOf({ ...step, options: now }, one, options);
  session.progress.note(`recipe: ${one.name}, step ${step.step}: lacuna ${shellLine([step.command, ...line])}`);
  const { options: values, positionals, given } = (await parsedStep(step, one, line)).parsed;
  const began = performance.now();
  const answer = await command.run(values, positionals, { ...session, json: false, given });
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const exitCode = answer.exitCode ?? 0;
  if (exitCode !== 0) return { exitCode, seconds, text: answer.text, fields: answer.fields ?? {} };
  session.progress.note(answer.text);
  const data = await digestsOf(step, options.data);
  record.add({
    step: step.step,
    command: step.command,
    options: step.options,
    machine,
    seconds,
    data,
    answer: answer.fields ?? {},
  });
  return { exitCode, seconds, text: answer.text };
}

function machineOptions({ lanes: count, backend: name }: RecipeValues): Record<string, string | number> {
  return { ...(count === undefined ? {} : { lanes: count }), ...(name === undefined ? {} : { backend: name }) };
}
