/** What a recipe has done in an output folder: its steps with their lines, inputs, answers and machine. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';
import { writeJsonFile } from './evaluation-file.ts';
import { commit, runFacts } from './machine.ts';
import { readJson } from './read-json.ts';
import type { Recipe, RecipeStep } from './recipe.ts';

/** A file that a step reads, as the recipe names it; of a run its checkpoint. */
export interface StepInput {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a step was begun with. */
export interface StepBegun extends RecipeStep {
  readonly inputs: readonly StepInput[];
}

/** A step that is done. */
export interface StepRecord extends StepBegun {
  /** Options of the machine that were set beside the step's own, e.g. `lanes`. */
  readonly machine: Readonly<Record<string, string | number>>;
  readonly seconds: number;
  /** What the command answered with `--json`. */
  readonly answer: Readonly<Record<string, unknown>>;
}

/** `new`: never done, or its output is gone; `stopped`: begun from the same inputs; `stale`: an input is another one now. */
export type StepState = 'done' | 'new' | 'stopped' | 'stale';

export class RecipeRecord {
  readonly #path: string;
  readonly #recipe: Recipe;
  readonly #steps: StepRecord[];
  #begun: StepBegun | undefined;

  /** Reads what is there. Throws `invalid_recipe`. */
  constructor(out: string, recipe: Recipe) {
    this.#path = join(out, `${recipe.name}.recipe.json`);
    this.#recipe = recipe;
    const stored = existsSync(this.#path) ? readJson('recipe', this.#path, 'invalid_recipe') : {};
    const { steps = [], begun } = stored as { steps?: StepRecord[]; begun?: StepBegun };
    this.#steps = steps;
    this.#begun = begun;
  }

  /**
   * How the step stands, with what it reads as it is now; `out` is what it writes.
   * Throws `recipe_mismatch` where it was done with other options.
   */
  stateOf(step: RecipeStep, inputs: readonly StepInput[], out: string | undefined): StepState {
    const before = this.#steps.find((record) => record.step === step.step) ?? this.#begun;
    if (before?.step !== step.step) return out !== undefined && existsSync(out) ? 'stopped' : 'new';
    if (out !== undefined && !existsSync(out)) return 'new';
    const [was, is] = [before, step].map((one) => JSON.stringify([one.command, one.options]));
    if (was !== is) {
      throw new LacunaError(
        'recipe_mismatch',
        `recipe: ${this.#recipe.name}, step ${step.step}: expected the options that it was done with (${was}), got ${is}. ` +
          `Choose another --out, or give --remake ${step.step}.`,
        { step: step.step, record: this.#path },
      );
    }
    const checksums = (of: readonly StepInput[] = []) => JSON.stringify(of.map(({ file, sha256 }) => [file, sha256]));
    if (checksums(before.inputs) !== checksums(inputs)) return 'stale';
    return before === this.#begun ? 'stopped' : 'done';
  }

  /** Notes that the step is under way, and no longer done. Throws `write_failed`. */
  begin(begun: StepBegun): void {
    this.#begun = begun;
    const before = this.#steps.findIndex(({ step }) => step === begun.step);
    if (before >= 0) this.#steps.splice(before, 1);
    this.#write();
  }

  /** Adds a step that is done. Throws `write_failed`. */
  add(record: StepRecord): void {
    this.#begun = undefined;
    this.#steps.push({ ...record, ...runFacts(), ...{ commit: commit() } });
    const order = this.#recipe.steps.map(({ step }) => step);
    this.#steps.sort((a, b) => order.indexOf(a.step) - order.indexOf(b.step));
    this.#write();
  }

  #write(): void {
    const { name, about, after, licences } = this.#recipe;
    const begun = this.#begun === undefined ? {} : { begun: this.#begun };
    writeJsonFile(this.#path, { recipe: name, about, after, licences, ...begun, steps: this.#steps });
  }
}
