/** An ablation's plan: a recipe whose steps make what the variants share, and the variants that are compared. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LacunaError } from '@lacuna/core/errors';
import { readJson } from '../read-json.ts';
import {
  checkOptions,
  invalid,
  type OptionValue,
  openRecipe,
  type Recipe,
  type RecipeStep,
  withPrerequisites,
  withSeed,
} from '../recipe.ts';

/** Commands that train for a budget in minutes. */
const TRAINING = ['pretrain', 'distill', 'finetune'] as const;

export interface Variant {
  readonly name: string;
  readonly about: string;
  /** Beside the plan's own; null takes one of those away. `$SEED` stands for the seed. */
  readonly options: Readonly<Record<string, OptionValue | null>>;
  /** Fields of the model's config in place of the plan's. */
  readonly config: Readonly<Record<string, unknown>>;
  /** A run that is there already, in place of training: e.g. `$OUT/pretraining/mae-$SEED`. */
  readonly model?: string;
  /** Scored with int8 weights. */
  readonly int8: boolean;
}

export interface Plan {
  readonly recipe: Recipe;
  readonly command: (typeof TRAINING)[number];
  /** Of training, for each variant and seed; 0 where all are there already. */
  readonly minutes: number;
  readonly seeds: readonly number[];
  /** Into how many turns the minutes of each are cut. */
  readonly slices: number;
  /** The variant that the others are compared with. */
  readonly control: string;
  /** Of the command, for every variant. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** A preset's name, or a config as JSON; for `pretrain`. */
  readonly config: string | Readonly<Record<string, unknown>> | undefined;
  readonly variants: readonly Variant[];
  /** Names of the variants to run; of the others only what was scored before is told. */
  readonly chosen: readonly string[];
  /** Options of `evaluate`, but for the model. */
  readonly score: Readonly<Record<string, OptionValue>>;
}

/** One variant with one seed. */
export interface Arm {
  readonly variant: Variant;
  readonly seed: number;
}

const SHIPPED = fileURLToPath(new URL('../../../../recipes/ablations', import.meta.url));
const NAME = /^[a-z0-9][a-z0-9.-]*$/;

export function shippedPlans(): Plan[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => readPlan(join(SHIPPED, file)));
}

/** `ratio`, or the path of a file `*.json`. Throws `unknown_recipe`, `file_not_found`, `invalid_recipe`. */
export function openPlan(nameOrPath: string): Plan {
  if (nameOrPath.endsWith('.json')) return readPlan(nameOrPath);
  const known = readdirSync(SHIPPED).map((file) => file.replace(/\.json$/, ''));
  if (known.includes(nameOrPath)) return readPlan(join(SHIPPED, `${nameOrPath}.json`));
  const message = `ablation: expected one of ${known.sort().join(', ')} or a file *.json, got ${JSON.stringify(nameOrPath)}.`;
  throw new LacunaError('unknown_recipe', message, { recipe: nameOrPath, known });
}

/** The recipes and plans that come before, then the plan itself; those that are plans as such. */
export function withEarlierPlans(plan: Plan): { readonly recipe: Recipe; readonly plan?: Plan }[] {
  return withPrerequisites(plan.recipe).map((recipe) => {
    if (recipe.name === plan.recipe.name) return { recipe, plan };
    const path = join(recipe.folder, `${recipe.name}.json`);
    const stored = readJson('ablation', path, 'invalid_recipe') as { ablation?: unknown };
    return stored.ablation === undefined ? { recipe } : { recipe, plan: readPlan(path) };
  });
}

/** Variants of one seed side by side, then those of the next. */
export function armsOf({ variants, seeds }: Plan): Arm[] {
  return seeds.flatMap((seed) => variants.map((variant) => ({ variant, seed })));
}

export const isChosen = ({ chosen }: Plan, { variant }: Arm): boolean => chosen.includes(variant.name);

export const armName = ({ variant, seed }: Arm): string => `${variant.name}-${seed}`;

/** What trains an arm, as a step; `config` is the file of the variant's config. */
export function stepOf(plan: Plan, arm: Arm, config?: string): RecipeStep {
  const { variant, seed } = arm;
  const merged: Record<string, OptionValue | null> = {
    ...plan.options,
    ...variant.options,
    ...(config === undefined ? {} : { config }),
  };
  const kept = Object.entries(merged).filter((entry): entry is [string, OptionValue] => entry[1] !== null);
  const out = `$OUT/${plan.recipe.name}/${armName(arm)}`;
  const options = { ...Object.fromEntries(kept), minutes: plan.minutes, seed, out };
  return withSeed({ step: armName(arm), command: plan.command, options }, seed);
}

function readPlan(path: string): Plan {
  const recipe = openRecipe(path);
  const { ablation } = readJson('ablation', path, 'invalid_recipe') as { ablation?: Partial<Plan> };
  const where = recipe.name;
  if (typeof ablation !== 'object' || ablation === null) return invalid(where, '"ablation"', 'none');
  const variants = readVariants(where, ablation.variants);
  const trains = variants.some(({ model }) => model === undefined);
  // Where nothing is left to train, no line of the command is ever made.
  const { command = trains ? undefined : 'finetune', minutes = 0, seeds = [], slices = trains ? 4 : 1 } = ablation;
  const { control = '', options = {}, config, score = {} } = ablation;
  if (command === undefined || !TRAINING.includes(command)) {
    return invalid(where, `"command" out of ${TRAINING.join(', ')}`, `${command}`);
  }
  if (trains ? !(minutes > 0) : minutes !== 0) {
    return invalid(where, trains ? 'minutes above 0' : 'no minutes, as every variant is a run', `${minutes}`);
  }
  if (!Number.isInteger(slices) || slices < 1) return invalid(where, 'slices from 1 up', `${slices}`);
  const distinct = new Set(seeds);
  if (distinct.size === 0 || distinct.size !== seeds.length || !seeds.every((seed) => Number.isInteger(seed))) {
    return invalid(where, 'different whole numbers as "seeds"', JSON.stringify(seeds));
  }
  if (!variants.some(({ name }) => name === control)) return invalid(where, '"control" to be a variant', control);
  checkOptions(where, options);
  checkOptions(where, score);
  const chosen = variants.map(({ name }) => name);
  return { recipe, command, minutes, seeds, slices, control, options, config, variants, chosen, score };
}

function readVariants(where: string, given: unknown): Variant[] {
  if (!Array.isArray(given)) return invalid(where, 'a list of "variants"', typeof given);
  const variants = given.map((one: Partial<Variant> | null): Variant => {
    const { name = '', about = '', options = {}, config = {}, model, int8 = false } = one ?? {};
    if (!NAME.test(name)) return invalid(where, 'variants named in small letters, digits and dashes', name);
    checkOptions(
      `${where}, ${name}`,
      Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null)),
    );
    return { name, about, options, config, int8, ...(model === undefined ? {} : { model }) };
  });
  if (new Set(variants.map(({ name }) => name)).size === variants.length && variants.length > 1) return variants;
  return invalid(where, 'two or more variants of different names', variants.map(({ name }) => name).join(', '));
}
