/** Pre-training that goes on from a model's weights. Loaded by the runs that do it. */
import { floatWeights, recipeToContinue, Tokenizer } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import type { PostedInput } from './inputs.ts';
import type { OrderOf } from './order.ts';
import type { RunFolder } from './run-folder.ts';
import { storedModel, storeModel } from './stored-model.ts';

/** The shape, vocabulary and recipe that follow from the model. Throws `invalid_argument`, and what `storeModel` does. */
export async function storeStart(model: PostedInput, { config, tokenizer }: OrderOf<'pretrain'>, folder: RunFolder) {
  if (config !== undefined || tokenizer !== undefined) {
    throw new LacunaError(
      'invalid_argument',
      `trainer: "model" brings its shape and vocabulary, got ${config === undefined ? '"tokenizer"' : '"config"'} as well.`,
    );
  }
  const start = await storeModel(model, folder);
  return {
    name: start.name,
    planned: start.config,
    suited: recipeToContinue(start.config),
    tokenizer: new Tokenizer(start.pieces).toJSON(),
  };
}

export async function startingWeights(folder: RunFolder): Promise<Readonly<Record<string, Float32Array>>> {
  return floatWeights(await storedModel(folder));
}
