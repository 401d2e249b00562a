/** The recipe that suits a model's width, and the model's longest text that follows from a recipe. */
import type { ModelConfig } from '../model/config.ts';
import { PRETRAIN_RECIPE, type PretrainRecipe } from './pretrain.ts';

/** What suits a width: narrower models bear a higher rate and smaller batches. */
export function recipeForSize(config: ModelConfig): PretrainRecipe {
  const { hiddenSize } = config;
  if (hiddenSize <= 64) return { ...PRETRAIN_RECIPE, batchTokens: [1024, 2048], length: 64, learningRate: 4e-3 };
  const length = [64, 128] as const;
  if (hiddenSize <= 128) return { ...PRETRAIN_RECIPE, batchTokens: [4096, 12_288], length, learningRate: 3e-3 };
  return { ...PRETRAIN_RECIPE, batchTokens: [4096, 16_384], length, learningRate: 2e-3 };
}

/**
 * What suits weights that know other text already: a lower rate, so that it is not lost, small batches, as there may be
 * little text, and windows as long as they were trained on.
 */
export function recipeToContinue(config: ModelConfig): PretrainRecipe {
  return { ...recipeForSize(config), batchTokens: 2048, length: config.maxPositionEmbeddings, learningRate: 1e-3 };
}

/**
 * The config with the longest window of the recipe for its longest text: positions beyond what was trained on would be
 * answered by luck.
 */
export function withTrainedLength(config: ModelConfig, { length }: Pick<PretrainRecipe, 'length'>): ModelConfig {
  return { ...config, maxPositionEmbeddings: typeof length === 'number' ? length : Math.max(...length) };
}
