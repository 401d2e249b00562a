/** A recipe: the steps that make a model, each an ordinary command with its options, as data. */
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LacunaError } from '@lacuna/core/errors';
import { kebab, parseLine } from './arguments.ts';
import { UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { readJson } from './read-json.ts';

/** Commands that a recipe may run: those that end, and make or measure something. */
const STEP_COMMANDS = [
  'tokenizer',
  'pretrain',
  'distill',
  'pytorch',
  'relabel',
  'teach',
  'finetune',
  'export',
  'evaluate',
  'baseline',
  'card',
];

export type OptionValue = string | number | true | readonly (string | number)[];

export interface RecipeStep {
  /** Unique in the recipe; what the record calls it. */
  readonly step: string;
  readonly command: string;
  /** By their names on the command line. Strings may begin with `$DATA/`, `$OUT/`, `$MODELS/` or `$HERE/`, the recipe's folder. */
  readonly options: Readonly<Record<string, OptionValue>>;
}

export interface Recipe {
  readonly name: string;
  readonly about: string;
  /** Recipes whose steps come before, in the same output folder. */
  readonly after: readonly string[];
  /** Of the data, by a path under `$DATA`, and of models under `$MODELS`; what is made of them goes by these. */
  readonly licences: Readonly<Record<string, string>>;
  readonly steps: readonly RecipeStep[];
  /** The folder that the recipe's file lies in. */
  readonly folder: string;
}

/** What the beginnings of paths in a recipe stand for. */
export interface RecipePlaces {
  readonly data: string;
  readonly out: string;
  /** By default the models that ship. */
  readonly models?: string;
}

const SHIPPED = fileURLToPath(new URL('../../../recipes', import.meta.url));
const SHIPPED_MODELS = fileURLToPath(new URL('../../../models', import.meta.url));

/** Those in the repository's `recipes`, by name. */
export function shippedRecipes(): Recipe[] {
  const files = readdirSync(SHIPPED).filter((file) => file.endsWith('.json'));
  return files.sort().flatMap((file) => {
    const path = join(SHIPPED, file);
    return isRecipe(readJson('recipe', path, 'invalid_recipe')) ? [readRecipe(path)] : [];
  });
}

/** `fill`, or the path of a file `*.json`. Throws `unknown_recipe`, `file_not_found`, `invalid_recipe`. */
export function openRecipe(nameOrPath: string): Recipe {
  if (nameOrPath.endsWith('.json')) return readRecipe(nameOrPath);
  const known = shippedRecipes();
  const found = known.find(({ name }) => name === nameOrPath);
  if (found) return found;
  const names = known.map(({ name }) => name).join(', ');
  throw new LacunaError(
    'unknown_recipe',
    `recipe: expected one of ${names} or a file *.json, got ${JSON.stringify(nameOrPath)}.`,
    { recipe: nameOrPath, known: known.map(({ name }) => name) },
  );
}

/** The recipe with those that come before it, each once, in the order in which they run. */
export function withPrerequisites(recipe: Recipe, open = new Set<string>()): Recipe[] {
  if (open.has(recipe.name)) return invalid(recipe.name, 'recipes that come before it', 'itself');
  const inside = new Set([...open, recipe.name]);
  const before = recipe.after.flatMap((name) => {
    const path = join(recipe.folder, `${name}.json`);
    return withPrerequisites(readRecipe(path), inside);
  });
  const distinct = new Map([...before, recipe].map((one) => [one.name, one]));
  return [...distinct.values()];
}

/** A word of a recipe with what its beginning stands for. */
export function pathOf(word: string, recipe: Pick<Recipe, 'folder'>, places: RecipePlaces): string {
  const { data: DATA, out: OUT, models: MODELS = SHIPPED_MODELS } = places;
  const named = { DATA, OUT, MODELS, HERE: recipe.folder };
  return word.replace(/^\$(DATA|OUT|MODELS|HERE)(?=\/|$)/, (_, place: keyof typeof named) => named[place]);
}

/** The words of a step's command line, without the command. */
export function lineOf(step: RecipeStep, recipe: Recipe, places: RecipePlaces): string[] {
  const word = (value: string | number) => pathOf(`${value}`, recipe, places);
  return Object.entries(step.options).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`];
    return [`--${name}`, ...(Array.isArray(value) ? value.map(word) : [word(value as string | number)])];
  });
}

/** Words as a shell takes them. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/^[\w$./:#+=,-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

/** The step's command, and its line as parsing reads it. Throws `invalid_recipe` with what is wrong with an option. */
export async function parsedStep(step: RecipeStep, recipe: Recipe, line: readonly string[]) {
  const entry = COMMANDS.find(({ name }) => name === step.command && STEP_COMMANDS.includes(name));
  if (entry === undefined) {
    return invalid(`${recipe.name}, step ${step.step}`, `a command out of ${STEP_COMMANDS.join(', ')}`, step.command);
  }
  const command = await entry.load();
  try {
    return { command, parsed: parseLine(command, line) };
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const message = `recipe: ${recipe.name}, step ${step.step}: ${cause.message}`;
    throw new LacunaError('invalid_recipe', message, { ...cause.facts, step: step.step }, { cause });
  }
}

function readRecipe(path: string): Recipe {
  const name = basename(path, '.json');
  const value = readJson('recipe', path, 'invalid_recipe');
  if (!isRecipe(value)) return invalid(name, 'an object with "about" and "steps"', 'something else');
  const { about, after = [], licences = {} } = value;
  const steps = value.steps.flatMap((step, i) => {
    const { step: called, command, options, seeds } = (step ?? {}) as Partial<StepEntry>;
    const where = `${name}, step ${called ?? i + 1}`;
    if (typeof called !== 'string' || typeof command !== 'string' || typeof options !== 'object') {
      return invalid(where, '"step", "command" and "options"', JSON.stringify(step).slice(0, 60));
    }
    checkOptions(where, options);
    const one = { step: called, command, options };
    if (seeds === undefined) return [one];
    if (Array.isArray(seeds) && seeds.every((seed) => Number.isInteger(seed))) {
      return seeds.map((seed) => withSeed({ ...one, step: `${called}-${seed}` }, seed));
    }
    return invalid(where, '"seeds" as a list of integers', JSON.stringify(seeds));
  });
  for (const [i, { step: called }] of steps.entries()) {
    if (steps.findIndex((other) => other.step === called) !== i) {
      return invalid(`${name}, step ${called}`, 'a name of its own', called);
    }
  }
  return { name, about, after, licences, steps, folder: dirname(path) };
}

/** A step as a file has it: with `seeds` it stands for several, `NAME-1` and so on, which have their seed for `$SEED`. */
type StepEntry = RecipeStep & { readonly seeds?: readonly number[] };

/** The step with a number in every place of `$SEED`. */
export function withSeed(step: RecipeStep, seed: number): RecipeStep {
  const word = <W extends string | number>(value: W) =>
    typeof value === 'string' ? value.replaceAll('$SEED', `${seed}`) : value;
  const options = Object.entries(step.options).map(([name, value]): [string, OptionValue] => [
    name,
    value === true ? value : Array.isArray(value) ? value.map(word) : word(value as string | number),
  ]);
  return { ...step, options: Object.fromEntries(options) };
}

/** Throws `invalid_recipe` unless names and values can stand on a command line. */
export function checkOptions(where: string, options: object): void {
  for (const [option, given] of Object.entries(options)) {
    const isWord = (word: unknown) => typeof word === 'string' || typeof word === 'number';
    const fits = given === true || isWord(given) || (Array.isArray(given) && given.every(isWord));
    if (!fits || kebab(option) !== option) {
      invalid(where, 'options in kebab-case with text, a number, true or a list', option);
    }
  }
}

/** Whether a file is meant as a recipe; configurations of models may lie beside them. */
function isRecipe(value: unknown): value is Pick<Recipe, 'about'> & Partial<Recipe> & { steps: StepEntry[] } {
  const { about, after = [], steps } = (value ?? {}) as Partial<Recipe>;
  return typeof about === 'string' && Array.isArray(steps) && Array.isArray(after);
}

export function invalid(where: string, expected: string, got: string): never {
  throw new LacunaError('invalid_recipe', `recipe: ${where}: expected ${expected}, got ${got}.`, { where, expected });
}
