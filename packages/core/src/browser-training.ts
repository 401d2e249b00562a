/** What a page's workers take to pre-train on WebAssembly, and no more, as pages load it. A table of contents. */

// errors, model, text

export * from './errors.ts';
export type { Batch } from './model/batch.ts';
export { CONFIGS, type ModelConfig, validateConfig } from './model/config.ts';
export { parameterCount, parameterShapes } from './model/parameters.ts';
export { Tokenizer } from './text/tokenizer.ts';
export type { TokenizerJson } from './text/tokenizer-json.ts';
export { trainTokenizer } from './text/tokenizer-training.ts';

// data and masking

export { interleavedLines, type TableSource, type TextSource, withoutBreaks } from './data/source.ts';
export { WindowStream, type WindowStreamState } from './data/windows.ts';
export { checkSchedule } from './masking/schedule.ts';

// optim and training: recipes, lanes in Web Workers, runs

export type { Budget, Progress } from './optim/schedule.ts';
export { hasSharedMemory } from './training/all-reduce.ts';
export type { Metrics } from './training/evaluation.ts';
export type { LaneFactory, LaneGroup } from './training/lanes.ts';
export { type BrowserLaneOptions, createBrowserLanes } from './training/lanes-browser.ts';
export { heldOutBatches } from './training/masked-batches.ts';
export { type PretrainOptions, type PretrainRecipe, pretrain } from './training/pretrain.ts';
export { recipeForSize, recipeToContinue, withTrainedLength } from './training/size-recipe.ts';
export type { Json, TrainingState } from './training/state.ts';
export type { TrainingEvent } from './training/trainer.ts';

// checkpoint, inference

export { type Checkpoint, type RunDescription, readCheckpoint, writeCheckpoint } from './checkpoint/checkpoint.ts';
export { MASK } from './inference/gaps.ts';

// backends

export { compileKernels } from './backends/load-browser.ts';
