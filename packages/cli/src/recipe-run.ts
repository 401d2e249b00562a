/** Runs a recipe's steps in their order: what is done is passed over, what was stopped goes on, what is stale is remade. */
import { existsSync, renameSync } from 'node:fs';
import type { Session } from './command.ts';
import {
  lineOf,
  type OptionValue,
  parsedStep,
  type Recipe,
  type RecipePlaces,
  type RecipeStep,
  shellLine,
} from './recipe.ts';
import { Checksums, expectData } from './recipe-inputs.ts';
import { RecipeRecord } from './recipe-record.ts';
import { RunFolder } from './run-folder.ts';

export interface RecipeRun extends RecipePlaces {
  /** Options for every step that has them, e.g. `lanes`; those of the recipe otherwise. */
  readonly machine: Readonly<Record<string, string | number>>;
  /** Steps, or `RECIPE:STEP`, to do again whatever the record says. */
  readonly remake: readonly string[];
}

export interface StepDone {
  readonly recipe: string;
  readonly step: string;
  /** Undefined for a step that had been done before. */
  readonly seconds: number | undefined;
}

/** A step that ended early: the answer of its command. */
export interface Stopped {
  readonly exitCode: number;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Throws for missing data and for every mistake in a line, before the first step takes its hours. */
export async function checkRecipe(recipe: Recipe, places: RecipePlaces): Promise<void> {
  expectData(recipe.steps, recipe, places);
  for (const step of recipe.steps) await parsedStep(step, recipe, lineOf(step, recipe, places));
}

/** Does what is to do, and tells of every step; a step that ends early ends the recipe. Throws as the commands do. */
export async function runRecipe(
  recipe: Recipe,
  run: RecipeRun,
  session: Session,
): Promise<{ readonly steps: StepDone[]; readonly stopped?: Stopped }> {
  const record = new RecipeRecord(run.out, recipe);
  const checksums = new Checksums();
  const steps: StepDone[] = [];
  for (const step of recipe.steps) {
    const done = await runStep(step, recipe, record, checksums, run, session);
    if ('exitCode' in done) return { steps, stopped: done };
    steps.push({ recipe: recipe.name, step: step.step, seconds: done.seconds });
  }
  return { steps };
}

async function runStep(
  step: RecipeStep,
  recipe: Recipe,
  record: RecipeRecord,
  checksums: Checksums,
  run: RecipeRun,
  session: Session,
): Promise<Stopped | { readonly seconds: number | undefined }> {
  const { command, parsed } = await parsedStep(step, recipe, lineOf(step, recipe, run));
  const { out } = parsed.options as { out?: string };
  const inputs = await checksums.inputs(step, recipe, run);
  const again = run.remake.some((name) => name === step.step || name === `${recipe.name}:${step.step}`);
  const state = again ? 'stale' : record.stateOf(step, inputs, out);
  if (state === 'done') return { seconds: undefined };
  const trains = 'resume' in command.options && out !== undefined;
  if (state === 'stale') {
    const why = again ? 'as asked' : 'what it reads has changed';
    session.progress.note(`recipe: ${recipe.name}, step ${step.step} is made again: ${why}.`);
    if (trains && existsSync(out)) session.progress.note(`recipe: the run before it is kept as ${moveAside(out)}.`);
  }
  const machine = Object.fromEntries(Object.entries(run.machine).filter(([name]) => name in command.options));
  const options: Record<string, OptionValue> = { ...step.options, ...machine };
  if (trains && new RunFolder(out).hasCheckpoint) options.resume = true;
  const line = lineOf({ ...step, options }, recipe, run);
  session.progress.note(`recipe: ${recipe.name}, step ${step.step}: lacuna ${shellLine([step.command, ...line])}`);
  record.begin({ ...step, inputs });
  const now = (await parsedStep(step, recipe, line)).parsed;
  const began = performance.now();
  const answer = await command.run(now.options, now.positionals, { ...session, json: false, given: now.given });
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const fields = answer.fields ?? {};
  if (answer.exitCode) return { exitCode: answer.exitCode, text: answer.text, fields };
  session.progress.note(answer.text);
  record.add({ ...step, inputs, machine, seconds, answer: fields });
  return { seconds };
}

/** Gives a folder the first name that is free, since a run may have cost hours; returns that name. */
function moveAside(folder: string): string {
  for (let n = 1; ; n++) {
    const aside = `${folder}.${n}`;
    if (existsSync(aside)) continue;
    renameSync(folder, aside);
    return aside;
  }
}
