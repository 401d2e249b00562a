/** The options that shape the training of a classifier, by hard labels or a teacher's. */
import { FINETUNE_RECIPE, type FinetuneRecipe } from '@lacuna/core';
import type { Options, Values } from './command.ts';
import { MACHINE_OPTIONS } from './pretrain-options.ts';

export const FINETUNE_OPTIONS = {
  epochs: { kind: 'number', about: 'times over the data', default: FINETUNE_RECIPE.epochs, min: 0.01 },
  minutes: { kind: 'number', about: 'or train for so many minutes, whatever the number of examples', min: 0.001 },
  batchSize: { kind: 'integer', about: 'texts a step', default: FINETUNE_RECIPE.batchSize, min: 1 },
  learningRate: { kind: 'number', value: 'X', about: 'peak', default: FINETUNE_RECIPE.learningRate, min: 1e-7, max: 1 },
  dropout: {
    kind: 'number',
    value: 'X',
    about: 'on every sub-layer',
    default: FINETUNE_RECIPE.dropout,
    min: 0,
    max: 0.9,
  },
  ratio: {
    kind: 'number',
    value: 'X',
    about: "share of a text's tokens that are removed, drawn anew each time, as in pre-training",
    default: 0,
    min: 0,
    max: 0.9,
  },
  maxLength: {
    kind: 'integer',
    about: 'tokens of the longest text; longer ones lose their end',
    default: FINETUNE_RECIPE.maxLength,
    min: 4,
  },
  seed: { kind: 'integer', about: 'of everything random', default: FINETUNE_RECIPE.seed, min: 0, max: 0xffff_ffff },
  ...MACHINE_OPTIONS,
} as const satisfies Options;

export function finetuneRecipe(
  options: Values<typeof FINETUNE_OPTIONS>,
  task: { readonly multiLabel: boolean; readonly logitsWeight?: number },
): FinetuneRecipe {
  const { epochs, minutes, batchSize, learningRate, dropout, ratio, maxLength, seed, passTokens } = options;
  return {
    ...FINETUNE_RECIPE,
    ...{ epochs, batchSize, learningRate, dropout, ratio, maxLength, seed, passTokens },
    ...(minutes === undefined ? {} : { minutes }),
    ...task,
  };
}
