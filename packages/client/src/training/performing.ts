/** From a run's plan to the core's training events, afresh or from a checkpoint. */
import {
  type Batch,
  distill,
  encodeExamples,
  finetune,
  floatWeights,
  heldOutBatches,
  type Json,
  type LaneFactory,
  pretrain,
  readArtifact,
  readLabelled,
  Tokenizer,
  type TrainingEvent,
  type TrainingState,
  WindowStream,
  type WindowStreamState,
} from '@lacuna/core';
import type { WarningEvent } from './events.ts';
import {
  type DistillPlan,
  type FinetunePlan,
  MODEL_FILE,
  type PretrainPlan,
  type RunPlan,
  type StoredInput,
} from './plan.ts';
import type { RunFolder } from './run-folder.ts';
import { openTable, openText } from './stored-inputs.ts';

/** Windows of held-out text, and the share removed of them, as on the command line. */
const HELD_OUT = { windows: 128, ratio: 0.15, seed: 0, spans: [1, 1] } as const;

export interface PerformingContext {
  readonly folder: RunFolder;
  readonly makeLanes: LaneFactory;
  readonly state: TrainingState | undefined;
  readonly signal: AbortSignal;
  readonly wantsCheckpoint: () => boolean;
  /** A clock that stops in pauses, in milliseconds. */
  readonly now: () => number;
  tell(event: WarningEvent): void;
}

/** Opens the plan's inputs and gives the events of its training. */
export async function perform(plan: RunPlan, context: PerformingContext): Promise<AsyncIterable<TrainingEvent>> {
  return plan.task === 'finetune' ? performFinetune(plan, context) : performOnText(plan, context);
}

function common(plan: RunPlan, { makeLanes, state, signal, wantsCheckpoint, now }: PerformingContext) {
  const { config, checkpointEvery } = plan;
  return { config, checkpointEvery, makeLanes, signal, wantsCheckpoint, now, ...(state ? { resume: state } : {}) };
}

async function performOnText(plan: PretrainPlan | DistillPlan, context: PerformingContext) {
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
  const options = {
    ...common(plan, context),
    vocabulary: tokenizer,
    openWindows: (at: Json | undefined) => windows(plan.texts, plan.recipe.seed, at),
    ...(evaluation ? { evaluation } : {}),
  };
  if (plan.task === 'pretrain') return pretrain({ ...options, recipe: plan.recipe });
  const teacher = await storedModel(folder);
  return distill({
    ...options,
    recipe: plan.recipe,
    teacher: { config: teacher.config, parameters: floatWeights(teacher) },
  });
}

async function performFinetune(plan: FinetunePlan, context: PerformingContext) {
  const { folder } = context;
  const { recipe, labels } = plan;
  const tokenizer = Tokenizer.fromJSON(plan.tokenizer);
  const encoded = async (input: StoredInput) => {
    const { textColumn, labelColumn } = input;
    const { examples } = await readLabelled(await openTable(folder, input), {
      multiLabel: recipe.multiLabel,
      labels,
      ...(textColumn === undefined ? {} : { textColumn }),
      ...(labelColumn === undefined ? {} : { labelColumn }),
    });
    const made = encodeExamples(tokenizer, examples, labels.length, recipe.maxLength);
    const cut = made.filter(({ truncated }) => truncated).length;
    if (cut > 0) {
      const message = `${input.name}: ${cut} of ${made.length} texts are longer than ${recipe.maxLength} tokens and were cut.`;
      context.tell({ type: 'warning', code: 'text_too_long', message });
    }
    return made;
  };
  const encoder = floatWeights(await storedModel(folder));
  const examples = await encoded(plan.data);
  const evaluation = plan.validation && { examples: await encoded(plan.validation) };
  return finetune({
    ...common(plan, context),
    numLabels: labels.length,
    recipe,
    encoder,
    examples,
    ...(evaluation ? { evaluation } : {}),
  });
}

async function storedModel(folder: RunFolder) {
  const file = (await folder.read(MODEL_FILE)) ?? new Blob([]);
  return readArtifact(new Uint8Array(await file.arrayBuffer()));
}
