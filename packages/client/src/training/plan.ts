/** What a run is, as plain JSON in its folder: with its files and its last checkpoint all that a resume needs. */
import type {
  Budget,
  DistillRecipe,
  EmbeddedOptions,
  FinetuneRecipe,
  HeadConfig,
  Json,
  ModelConfig,
  PretrainRecipe,
  RunDescription,
  TableFormat,
  TokenizerJson,
} from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import type { BackendName } from './options.ts';
import { PLAN_FILE, type RunFolder } from './run-folder.ts';

/** An input that the run's folder holds, or the embedded corpus. */
export interface StoredInput {
  readonly name: string;
  readonly sizeBytes: number;
  readonly format: 'txt' | TableFormat;
  readonly textColumn?: string;
  readonly labelColumn?: string;
  readonly content: { readonly file: string } | { readonly embedded: EmbeddedOptions };
}

interface CommonPlan {
  readonly version: 1;
  readonly backend: BackendName;
  readonly lanes: number;
  readonly checkpointEvery: Budget;
  readonly config: ModelConfig;
  readonly tokenizer: TokenizerJson;
}

interface TextPlan extends CommonPlan {
  readonly texts: readonly StoredInput[];
  readonly validation: readonly StoredInput[];
  readonly evaluateEvery: Budget;
  readonly samples: readonly string[];
}

export interface PretrainPlan extends TextPlan {
  readonly task: 'pretrain';
  /** The name of the model that it goes on from, which is the folder's `model.safetensors`. */
  readonly startsFrom?: string;
  readonly recipe: PretrainRecipe;
}

/** The teacher is the folder's `model.safetensors`. */
export interface DistillPlan extends TextPlan {
  readonly task: 'distill';
  readonly recipe: DistillRecipe;
}

/** The pre-trained model is the folder's `model.safetensors`. */
export interface FinetunePlan extends CommonPlan {
  readonly task: 'finetune';
  readonly recipe: FinetuneRecipe;
  /** Where the answers of the folder's `teacher.safetensors` are learned: new texts made of each. */
  readonly teacherVariants?: number;
  readonly data: StoredInput;
  readonly validation?: StoredInput;
  readonly labels: readonly string[];
}

export type RunPlan = PretrainPlan | FinetunePlan | DistillPlan;

export async function writePlan(folder: RunFolder, plan: RunPlan): Promise<void> {
  await folder.write(PLAN_FILE, new TextEncoder().encode(JSON.stringify(plan)));
}

/** Throws `checkpoint_not_found`, `artifact_unsupported`. */
export async function readPlan(folder: RunFolder): Promise<RunPlan> {
  const stored = await folder.read(PLAN_FILE);
  if (!stored) {
    throw new LacunaError('checkpoint_not_found', `run: expected a run named "${folder.name}", got none.`, {
      run: folder.name,
    });
  }
  const plan = JSON.parse(await stored.text()) as RunPlan;
  if (plan.version === 1) return plan;
  throw new LacunaError(
    'artifact_unsupported',
    `run: expected version 1 of "${folder.name}", got ${plan.version}. It was made by another version of this page.`,
    { run: folder.name, expected: 1, got: plan.version },
  );
}

/** Of a classifier's head. */
export function headOf(plan: RunPlan): HeadConfig | undefined {
  return plan.task === 'finetune' ? { numLabels: plan.labels.length } : undefined;
}

/** What its checkpoints say of the run. */
export function describe(plan: RunPlan): RunDescription {
  const { config, tokenizer, task, recipe, backend, lanes } = plan;
  const inputs = plan.task === 'finetune' ? [plan.data] : plan.texts;
  const named = plan.task === 'pretrain' ? plan.startsFrom : undefined;
  const startsFrom = named === undefined ? {} : { startsFrom: named };
  const described = { task, text: inputs.map(({ name }) => name), ...startsFrom, backend, lanes, recipe };
  const head = headOf(plan);
  return {
    config,
    tokenizer,
    recipe: JSON.parse(JSON.stringify(described)) as Json,
    ...(plan.task === 'finetune' && head ? { head, labels: plan.labels } : {}),
  };
}
