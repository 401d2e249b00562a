/** From a run's plan to the core's training events, afresh or from a checkpoint. */
import {
  type Batch,
  heldOutBatches,
  type Json,
  type LaneFactory,
  pretrain,
  Tokenizer,
  type TrainingEvent,
  type TrainingState,
  WindowStream,
  type WindowStreamState,
} from '@lacuna/core/browser-training';
import type { PreparingEvent, WarningEvent } from './events.ts';
import type { DistillPlan, PretrainPlan, RunPlan, StoredInput } from './plan.ts';
import type { RunFolder } from './run-folder.ts';
import { openText } from './stored-inputs.ts';

/** Windows of held-out text, and the share removed of them, as on the command line. */
const HELD_OUT = { windows: 128, ratio: 0.15, seed: 0, spans: [1, 1] } as const;

export interface PerformingContext {
  readonly folder: RunFolder;
  readonly kernels: WebAssembly.Module;
  readonly makeLanes: LaneFactory;
  readonly state: TrainingState | undefined;
  readonly signal: AbortSignal;
  readonly wantsCheckpoint: () => boolean;
  /** A clock that stops in pauses, in milliseconds. */
  readonly now: () => number;
  tell(event: WarningEvent | PreparingEvent): void;
}

/** Opens the plan's inputs and gives the events of its training. */
export async function perform(plan: RunPlan, context: PerformingContext): Promise<AsyncIterable<TrainingEvent>> {
  switch (plan.task) {
    case 'pretrain': {
      const start = plan.startsFrom === undefined ? undefined : await import('./continuing.ts');
      const initial = start && (await start.startingWeights(context.folder));
      return pretrain({ ...(await textOptions(plan, context)), recipe: plan.recipe, ...(initial ? { initial } : {}) });
    }
    case 'distill':
      return (await import('./distilling.ts')).performDistill(plan, context);
    case 'finetune':
      return (await import('./finetuning.ts')).performFinetune(plan, context);
  }
}

/** What the tasks hand on to the core alike. */
export function commonOptions(plan: RunPlan, { makeLanes, state, signal, wantsCheckpoint, now }: PerformingContext) {
  const { config, checkpointEvery } = plan;
  return { config, checkpointEvery, makeLanes, signal, wantsCheckpoint, now, ...(state ? { resume: state } : {}) };
}

/** The same for tasks that learn from plain text. */
export async function textOptions(plan: PretrainPlan | DistillPlan, context: PerformingContext) {
  const { folder } = context;
  const tokenizer = Tokenizer.fromJSON(plan.tokenizer);
  const windows = async (inputs: readonly StoredInput[], seed: number, at?: Json) => {
    const sources = await Promise.all(inputs.map((input) => openText(folder, input)));
    return new WindowStream(sources, tokenizer, { seed }, at as WindowStreamState | undefined);
  };
  let evaluation: { batches: readonly Batch[]; every: PretrainPlan['evaluateEvery'] } | undefined;
  if (plan.validation.length > 0) {
    const held = { ...HELD_OUT, length: plan.config.maxPositionEmbeddings };
    const batches = await heldOutBatches(await windows(plan.validation, 0), tokenizer, held);
    evaluation = { batches, every: plan.evaluateEvery };
  }
  return {
    ...commonOptions(plan, context),
    vocabulary: tokenizer,
    openWindows: (at: Json | undefined) => windows(plan.texts, plan.recipe.seed, at),
    ...(evaluation ? { evaluation } : {}),
  };
}
