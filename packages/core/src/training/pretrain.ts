/** Pre-training from text to weights: the recipe's defaults over the trainer, with resuming. */
import type { RatioSchedule } from '../masking/schedule.ts';
import { checkSchedule, DEFAULT_RATIO_SCHEDULE } from '../masking/schedule.ts';
import type { Batch } from '../model/batch.ts';
import type { ModelConfig } from '../model/config.ts';
import { ADAMW, type OptimizerOptions } from '../optim/adamw.ts';
import type { Budget } from '../optim/schedule.ts';
import type { Ramp } from './batches.ts';
import type { LaneFactory } from './lanes.ts';
import { MaskedBatches, type Vocabulary, type Windows, windowsState } from './masked-batches.ts';
import { freshReplica, type Json, type TrainingState } from './state.ts';
import { type MaskedTask, type TaskSpec, Z_LOSS } from './task.ts';
import { type TrainingEvent, train } from './trainer.ts';

/** Everything that shapes a run beside the model and the text: plain JSON, kept in checkpoints and model cards. */
export interface PretrainRecipe {
  readonly seed: number;
  readonly budget: Budget;
  /** Peak; 3 % warm-up (random weights: 200 steps, in runs where those are more), hold, linear decay over the last 30 %. */
  readonly learningRate: number;
  readonly batchTokens: Ramp;
  readonly length: Ramp;
  readonly ratio: RatioSchedule;
  readonly spans: readonly [number, number];
  readonly wholeWords: boolean;
  /** 0 under two epochs, 0.1 beyond. */
  readonly dropout: number;
  readonly zLoss: number;
  readonly optimizer: OptimizerOptions;
  readonly passTokens: number;
}

/** Weights that have learned nothing yet need some steps at low rates however short the run is. */
const FRESH_WARMUP_STEPS = 200;

export const PRETRAIN_RECIPE: PretrainRecipe = {
  seed: 1,
  budget: { tokens: 10_000_000 },
  learningRate: 2e-3,
  batchTokens: 4096,
  length: 64,
  ratio: DEFAULT_RATIO_SCHEDULE,
  spans: [1, 1],
  wholeWords: false,
  dropout: 0,
  zLoss: Z_LOSS,
  optimizer: ADAMW,
  passTokens: 4096,
};

export interface PretrainOptions {
  readonly config: ModelConfig;
  readonly recipe: PretrainRecipe;
  readonly vocabulary: Vocabulary;
  /** Opens the text's windows at the start, or where `state` says. */
  readonly openWindows: (state: Json | undefined) => Windows | Promise<Windows>;
  readonly makeLanes: LaneFactory;
  /** Another task over the same batches, e.g. distillation; masked pre-training by default. */
  readonly task?: TaskSpec;
  /** Weights to start from instead of random ones, by name; the rest stays random. With `resume` all stand in its state. */
  readonly initial?: Readonly<Record<string, Float32Array>>;
  readonly evaluation?: { readonly batches: readonly Batch[]; readonly every?: Budget };
  readonly checkpointEvery?: Budget;
  readonly wantsCheckpoint?: () => boolean;
  /** The trainer's clock in milliseconds, e.g. one that stops in pauses. */
  readonly now?: () => number;
  /**
   * Goes on from a checkpoint's state: with the same recipe, text and lanes, bit for bit. (Checkpoints are float32, so
   * the reference backend, which computes in float64, goes on from rounded values.)
   */
  readonly resume?: TrainingState;
  readonly signal?: AbortSignal;
}

/** What the lanes learn in pre-training. */
export function pretrainTask(config: ModelConfig, recipe: PretrainRecipe): MaskedTask {
  return { kind: 'masked', config, zLoss: recipe.zLoss, dropout: recipe.dropout };
}

/** Trains and yields the trainer's events; the lanes are closed at the end, whatever it is. */
export async function* pretrain(options: PretrainOptions): AsyncGenerator<TrainingEvent, void, void> {
  const { config, recipe, resume, evaluation, checkpointEvery, wantsCheckpoint, now, signal } = options;
  checkSchedule(recipe.ratio);
  const lanes = await options.makeLanes(options.task ?? pretrainTask(config, recipe));
  try {
    await lanes.write(resume ?? freshReplica(config, recipe.seed, undefined, options.initial));
    const windows = await options.openWindows(windowsState(resume?.data));
    yield* train({
      lanes,
      batches: new MaskedBatches(windows, options.vocabulary, recipe, resume?.data),
      budget: recipe.budget,
      learningRate: { peak: recipe.learningRate, warmupSteps: options.initial ? 0 : FRESH_WARMUP_STEPS },
      optimizer: recipe.optimizer,
      seed: recipe.seed,
      passTokens: recipe.passTokens,
      ...(evaluation ? { evaluation } : {}),
      ...(checkpointEvery ? { checkpointEvery } : {}),
      ...(wantsCheckpoint ? { wantsCheckpoint } : {}),
      ...(now ? { now } : {}),
      ...(resume ? { start: { step: resume.step, tokens: resume.tokens, seconds: resume.seconds } } : {}),
      ...(signal ? { signal } : {}),
    });
  } finally {
    await lanes.close();
  }
}
