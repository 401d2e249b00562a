/** `lacuna recipe`: makes a model by its recipe, step by step; what is done is passed over, what was stopped goes on. */
import { type Answer, defineCommand, type Session, UsageError, type Values } from '../command.ts';
import { MACHINE_OPTIONS } from '../pretrain-options.ts';
import { formatDuration } from '../quantity.ts';
import { lineOf, openRecipe, type Recipe, shellLine, shippedRecipes, withPrerequisites } from '../recipe.ts';
import { checkRecipe, runRecipe, type StepDone } from '../recipe-run.ts';
import { table } from '../table.ts';

const { lanes, backend } = MACHINE_OPTIONS;

const OPTIONS = {
  data: { kind: 'text', value: 'DIR', about: 'run: the folder that $DATA stands for in the recipe' },
  out: { kind: 'text', value: 'DIR', about: 'run: the folder for all that is made', default: 'runs' },
  remake: {
    kind: 'list',
    value: 'STEP',
    about: 'run: do these steps again, and all that is made of what they make; what they made before is removed',
  },
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
    'Given again, it passes over the steps that are done, goes on with the one that was stopped, and makes again what was ' +
    'made of files that have changed since. The output folder gets a record of every step: its options, the checksums ' +
    'of what it read, the machine, and what it answered. ' +
    'list shows the recipes, show NAME the command lines of one.',
  positionals: ['ACTION', '[NAME]'],
  options: OPTIONS,
  examples: [
    'lacuna recipe list',
    'lacuna recipe show fill',
    'lacuna recipe run fill --data texts --out runs --lanes 2',
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

async function runAll(
  recipes: readonly Recipe[],
  options: RecipeValues & { readonly data: string },
  session: Session,
): Promise<Answer> {
  for (const one of recipes) await checkRecipe(one, options);
  const { lanes: count, backend: name, data, out, remake = [] } = options;
  const steps = recipes.flatMap((one) => one.steps.flatMap(({ step }) => [step, `${one.name}:${step}`]));
  const unknown = remake.find((step) => !steps.includes(step));
  if (unknown !== undefined) throw new UsageError(`recipe: --remake must be a step of the recipe, got ${unknown}.`);
  const machine = {
    ...(count === undefined ? {} : { lanes: count }),
    ...(name === undefined ? {} : { backend: name }),
  };
  const rows: StepDone[] = [];
  for (const one of recipes) {
    const { steps: done, stopped } = await runRecipe(one, { data, out, machine, remake }, session);
    rows.push(...done);
    if (stopped) {
      const next = `The same line goes on, without --remake: lacuna recipe run ${recipes.at(-1)?.name} …`;
      return { ...stopped, text: `${stopped.text}\n${next}` };
    }
  }
  const shown = rows.map(({ recipe: of, step, seconds }) => [
    `${of}: ${step}`,
    seconds === undefined ? 'done before' : formatDuration(seconds),
  ]);
  return { fields: { out, steps: rows }, text: table(['step', 'took'], shown) };
}
