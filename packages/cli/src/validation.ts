/** Held-out text that a run is scored on: the same windows and gaps in every run with the same tokenizer. */
import { type Batch, type Budget, heldOutBatches, type PretrainRecipe, type Tokenizer } from '@lacuna/core';
import type { Options, Values } from './command.ts';
import { openCorpus } from './corpus.ts';

export const VALID_OPTIONS = {
  valid: { kind: 'list', value: 'FILE', about: 'held-out text to score now and then and at the end' },
  validWindows: { kind: 'integer', about: 'how many windows of it', default: 128, min: 1 },
  validEvery: { kind: 'number', value: 'MINUTES', about: 'how often to score it', default: 5, min: 0.01 },
} as const satisfies Options;

/** The ratio at which models are compared. */
export const VALID_RATIO = 0.15;

export interface Validation {
  readonly batches: readonly Batch[];
  readonly every: Budget;
}

export async function validation(
  options: Values<typeof VALID_OPTIONS> & { readonly textColumn?: string | undefined },
  recipe: Pick<PretrainRecipe, 'length'>,
  tokenizer: Tokenizer,
): Promise<Validation | undefined> {
  const { valid, validWindows, validEvery, textColumn } = options;
  if (valid === undefined) return undefined;
  const corpus = await openCorpus(valid, textColumn);
  const length = typeof recipe.length === 'number' ? recipe.length : recipe.length[1];
  const batches = await heldOutBatches(await corpus.windows(tokenizer, 0), tokenizer, {
    windows: validWindows,
    length,
    ratio: VALID_RATIO,
    seed: 0,
    spans: [1, 1],
  });
  return { batches, every: { minutes: validEvery } };
}
