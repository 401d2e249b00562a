/** Fine-tuning a pre-trained encoder into a classifier: one label a text or several, hard targets or a teacher's. */
import type { ModelConfig } from '../model/config.ts';
import { ADAMW, type OptimizerOptions } from '../optim/adamw.ts';
import type { Budget } from '../optim/schedule.ts';
import type { LaneFactory } from './lanes.ts';
import { freshReplica, type Json, type TrainingState } from './state.ts';
import type { ClassificationTask } from './task.ts';
import { type EncodedExample, orderedTextBatches, TextBatches } from './text-batches.ts';
import { type TrainingEvent, train } from './trainer.ts';

/** Plain JSON, kept in checkpoints and model cards. */
export interface FinetuneRecipe {
  readonly seed: number;
  /** Times over the examples, unless `minutes` says how long. */
  readonly epochs: number;
  readonly minutes?: number;
  /** Texts a batch. */
  readonly batchSize: number;
  /** Peak, for encoder and head alike; 6 % warm-up, then linear decay to 0. */
  readonly learningRate: number;
  readonly dropout: number;
  /** Share of a text's tokens that are removed, drawn anew each time, as in pre-training; 0 by default. */
  readonly ratio?: number;
  /** Longer texts lose their end. */
  readonly maxLength: number;
  readonly multiLabel: boolean;
  /** Weight of the squared error on logits, for a teacher's targets; 0 for hard labels. */
  readonly logitsWeight: number;
  readonly optimizer: OptimizerOptions;
  readonly passTokens: number;
}

export const FINETUNE_RECIPE: FinetuneRecipe = {
  seed: 1,
  epochs: 3,
  batchSize: 32,
  learningRate: 5e-4,
  dropout: 0.1,
  maxLength: 128,
  multiLabel: false,
  logitsWeight: 0,
  optimizer: { ...ADAMW, weightDecay: 0.01 },
  passTokens: 4096,
};

export interface FinetuneOptions {
  readonly config: ModelConfig;
  readonly numLabels: number;
  readonly recipe: FinetuneRecipe;
  /** A pre-trained model's weights by name: its encoder is taken, its decoder is not. Random without. */
  readonly encoder?: Readonly<Record<string, Float32Array>>;
  readonly examples: readonly EncodedExample[];
  /** Held-out examples, scored at the end of every epoch unless `every` says otherwise. */
  readonly evaluation?: { readonly examples: readonly EncodedExample[]; readonly every?: Budget };
  readonly makeLanes: LaneFactory;
  readonly checkpointEvery?: Budget;
  readonly wantsCheckpoint?: () => boolean;
  /** The trainer's clock in milliseconds, e.g. one that stops in pauses. */
  readonly now?: () => number;
  readonly resume?: TrainingState;
  readonly signal?: AbortSignal;
}

export function finetuneTask(config: ModelConfig, numLabels: number, recipe: FinetuneRecipe): ClassificationTask {
  const { dropout, multiLabel, logitsWeight } = recipe;
  return { kind: 'classification', config, numLabels, dropout, multiLabel, logitsWeight };
}

/** Trains and yields the trainer's events; the lanes are closed at the end, whatever it is. */
export async function* finetune(options: FinetuneOptions): AsyncGenerator<TrainingEvent, void, void> {
  const { config, numLabels, recipe, resume, evaluation, checkpointEvery, wantsCheckpoint, now, signal } = options;
  const { batchSize, minutes, seed, ratio = 0 } = recipe;
  const epochs = minutes === undefined ? recipe.epochs : Number.POSITIVE_INFINITY;
  const padId = config.padTokenId;
  const batches = new TextBatches(
    options.examples,
    { batchSize, epochs, seed, padId, ratio },
    resume?.data as Json | undefined,
  );
  const lanes = await options.makeLanes(finetuneTask(config, numLabels, recipe));
  try {
    await lanes.write(resume ?? freshReplica(config, seed, { numLabels }, options.encoder));
    yield* train({
      lanes,
      batches,
      budget: minutes === undefined ? { steps: epochs * batches.perEpoch } : { minutes },
      learningRate: { peak: recipe.learningRate, warmup: 0.06, decay: 0.94 },
      optimizer: recipe.optimizer,
      seed,
      passTokens: recipe.passTokens,
      ...(evaluation
        ? {
            evaluation: {
              batches: orderedTextBatches(evaluation.examples, batchSize, padId),
              every: evaluation.every ?? { steps: batches.perEpoch },
            },
          }
        : {}),
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
