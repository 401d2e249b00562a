/** What a recipe's steps read: found in their options, and known by their checksums. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { LacunaError } from '@lacuna/core/errors';
import { writeJsonFile } from './evaluation-file.ts';
import { readJson } from './read-json.ts';
import { pathOf, type Recipe, type RecipePlaces, type RecipeStep } from './recipe.ts';
import type { StepInput } from './recipe-record.ts';
import { RunFolder } from './run-folder.ts';

/** The step's files as the recipe names them; a list within a file counts as the file. */
export function inputsOf(step: RecipeStep): string[] {
  const words = Object.entries(step.options).flatMap(([name, value]) =>
    name === 'out' || value === true ? [] : value,
  );
  const files = words
    .filter((word): word is string => typeof word === 'string' && /^\$(DATA|OUT|MODELS|HERE)\//.test(word))
    .map((word) => word.replace(/(\.json(?:\.gz|\.zst)?)#.*$/, '$1'));
  return [...new Set(files)];
}

/** Throws `file_not_found` unless all data of the steps are there: before hours go into those before. */
export function expectData(steps: readonly RecipeStep[], recipe: Recipe, places: RecipePlaces): void {
  for (const file of steps.flatMap(inputsOf)) {
    const path = pathOf(file, recipe, places);
    if (file.startsWith('$OUT/') || existsSync(path)) continue;
    throw new LacunaError('file_not_found', `recipe: expected ${file}, got no file at ${path}.`, { path });
  }
}

/** Checksums of files, each taken once while its size and date stay the same. */
export class Checksums {
  readonly #known = new Map<string, string>();

  /** What the step reads, as it is now; what is not there is left to the step to miss. */
  async inputs(step: RecipeStep, recipe: Recipe, places: RecipePlaces): Promise<StepInput[]> {
    const found: StepInput[] = [];
    for (const file of inputsOf(step)) {
      let path = pathOf(file, recipe, places);
      if (existsSync(path) && statSync(path).isDirectory()) path = new RunFolder(path).checkpoint;
      if (existsSync(path)) found.push({ file, bytes: statSync(path).size, sha256: await this.#of(path) });
    }
    return found;
  }

  async #of(path: string): Promise<string> {
    const { size, mtimeMs } = statSync(path);
    const key = `${path} ${size} ${mtimeMs}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk);
    const digest = hash.digest('hex');
    this.#known.set(key, digest);
    return digest;
  }
}

/**
 * Notes in a file what a step was begun with, or compares with what is noted there.
 * Throws `recipe_mismatch` where the step was begun with other options or from other files.
 */
export async function checkInputs(
  step: RecipeStep,
  recipe: Recipe,
  places: RecipePlaces,
  checksums: Checksums,
  path: string,
): Promise<void> {
  const begun = { ...step, inputs: await checksums.inputs(step, recipe, places) };
  if (!existsSync(path)) return writeJsonFile(path, begun);
  const before = readJson('recipe', path, 'invalid_recipe');
  if (JSON.stringify(before) === JSON.stringify(JSON.parse(JSON.stringify(begun)))) return;
  throw new LacunaError(
    'recipe_mismatch',
    `${recipe.name}, ${step.step}: expected the options and files that it was begun with (${path}), got others. ` +
      'Choose another --out, or take its folder and that file away.',
    { step: step.step, path },
  );
}
