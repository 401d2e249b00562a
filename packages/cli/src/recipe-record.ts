/** What a recipe has done in an output folder: its steps with their lines, answers, data and machine. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';
import { writeJsonFile } from './evaluation-file.ts';
import { commit, runFacts } from './machine.ts';
import { readJson } from './read-json.ts';
import { dataFilesOf, type Recipe, type RecipeStep } from './recipe.ts';

/** A step that is done. */
export interface StepRecord extends RecipeStep {
  /** Options of the machine that were set beside the step's own, e.g. `lanes`. */
  readonly machine: Readonly<Record<string, string | number>>;
  readonly seconds: number;
  readonly data: readonly { readonly file: string; readonly bytes: number; readonly sha256: string }[];
  /** What the command answered with `--json`. */
  readonly answer: Readonly<Record<string, unknown>>;
}

export class RecipeRecord {
  readonly #path: string;
  readonly #recipe: Recipe;
  readonly #steps: StepRecord[];

  /** Reads what is there. Throws `invalid_recipe`. */
  constructor(out: string, recipe: Recipe) {
    this.#path = join(out, `${recipe.name}.recipe.json`);
    this.#recipe = recipe;
    const stored = existsSync(this.#path) ? readJson('recipe', this.#path, 'invalid_recipe') : {};
    this.#steps = (stored as { steps?: StepRecord[] }).steps ?? [];
  }

  /**
   * Whether the step was done with these options, and what it wrote (`out`) is still there.
   * Throws `recipe_mismatch` where it was done with others.
   */
  isDone({ step, command, options }: RecipeStep, out: string | undefined): boolean {
    const done = this.#steps.find((record) => record.step === step);
    if (done === undefined || (out !== undefined && !existsSync(out))) return false;
    const [was, is] = [done, { command, options }].map((one) => JSON.stringify([one.command, one.options]));
    if (was === is) return true;
    throw new LacunaError(
      'recipe_mismatch',
      `recipe: ${this.#recipe.name}, step ${step}: expected the options that it was done with (${was}), got ${is}. ` +
        `Choose another --out, or take the step out of ${this.#path} and its output away.`,
      { step, record: this.#path },
    );
  }

  /** Adds a step, or puts it in place of an earlier one, and writes the record. Throws `write_failed`. */
  add(record: StepRecord): void {
    const before = this.#steps.findIndex(({ step }) => step === record.step);
    const at = before < 0 ? this.#steps.length : before;
    this.#steps.splice(at, 1, { ...record, ...runFacts(), ...{ commit: commit() } });
    const { name, about, after } = this.#recipe;
    writeJsonFile(this.#path, { recipe: name, about, after, steps: this.#steps });
  }
}

/** Throws `file_not_found` unless all data of the steps are there: before hours go into those before. */
export function expectData(steps: readonly RecipeStep[], data: string): void {
  for (const file of steps.flatMap(dataFilesOf)) {
    const path = join(data, file);
    if (existsSync(path)) continue;
    throw new LacunaError('file_not_found', `recipe: expected ${file} under --data, got no file at ${path}.`, { path });
  }
}

/** Size and SHA-256 of each file that the step reads under `data`. */
export async function digestsOf(step: RecipeStep, data: string): Promise<StepRecord['data']> {
  const digests = [];
  for (const file of new Set(dataFilesOf(step))) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(join(data, file))) hash.update(chunk);
    digests.push({ file, bytes: statSync(join(data, file)).size, sha256: hash.digest('hex') });
  }
  return digests;
}
