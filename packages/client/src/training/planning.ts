/** From what a page asked for to a run's plan: inputs are stored, a tokenizer is trained, sizes and recipes are settled. */
import {
  CONFIGS,
  checkSchedule,
  interleavedLines,
  LacunaError,
  type ModelConfig,
  recipeForSize,
  type TextSource,
  Tokenizer,
  trainTokenizer,
  validateConfig,
  withTrainedLength,
} from '@lacuna/core/browser-training';
import type { PreparingEvent } from './events.ts';
import type { PostedInput, Pull } from './inputs.ts';
import type { BackendName } from './options.ts';
import type { OrderOf } from './order.ts';
import type { PretrainPlan, StoredInput } from './plan.ts';
import type { RunFolder } from './run-folder.ts';
import { sampleTexts } from './samples.ts';
import { openText, storeInput } from './stored-inputs.ts';

/** Text that a new tokenizer reads, in UTF-16 units. */
const TOKENIZER_BYTES = 20_000_000;
export const SAMPLES = 3;

export interface PlanningContext {
  readonly folder: RunFolder;
  readonly pulls: readonly Pull[];
  readonly backend: BackendName;
  readonly lanes: number;
  readonly signal: AbortSignal;
  tell(event: PreparingEvent): void;
}

/** The config that a page asked for, before its vocabulary is known. Throws `invalid_config`. */
export function plannedConfig(config: OrderOf<'pretrain'>['config'] = 'tiny'): ModelConfig {
  return validateConfig(typeof config === 'string' ? CONFIGS[config] : config);
}

export async function planPretrain(order: OrderOf<'pretrain'>, context: PlanningContext): Promise<PretrainPlan> {
  const { signal, tell } = context;
  const { model } = order;
  const start = model && (await (await import('./continuing.ts')).storeStart(model, order, context.folder));
  const planned = start?.planned ?? plannedConfig(order.config);
  const recipe = { ...(start?.suited ?? recipeForSize(planned)), ...order.recipe };
  checkSchedule(recipe.ratio);
  const { texts, sources, validation } = await storeTexts(order, context);
  const tokenizer =
    start?.tokenizer ??
    order.tokenizer ??
    (await trainTokenizer(interleavedLines(sources), {
      vocabSize: planned.vocabSize,
      maxBytes: TOKENIZER_BYTES,
      signal,
      onProgress: ({ phase, bytes, pieces, vocabSize }) => {
        const expected = Math.min(
          TOKENIZER_BYTES,
          texts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 1),
        );
        const fraction = phase === 'counting' ? Math.min(1, bytes / expected) / 2 : 0.5 + pieces / vocabSize / 2;
        tell({ type: 'preparing', phase: 'tokenizer', fraction });
      },
    }));
  const { vocabSize } = Tokenizer.fromJSON(tokenizer);
  const config = withTrainedLength({ ...planned, vocabSize }, recipe);
  return {
    ...commonPlan(order, context),
    task: 'pretrain',
    ...(start ? { startsFrom: start.name } : {}),
    config,
    tokenizer,
    recipe,
    texts,
    validation,
    evaluateEvery: order.evaluateEvery ?? { minutes: 1 },
    samples: order.samples ?? (await sampleTexts(sources, SAMPLES)),
  };
}

/** What the plans of all tasks hold alike. */
export function commonPlan(
  order: { readonly checkpointEvery?: PretrainPlan['checkpointEvery'] },
  context: PlanningContext,
) {
  const { backend, lanes } = context;
  return { version: 1, backend, lanes, checkpointEvery: order.checkpointEvery ?? { minutes: 1 } } as const;
}

/** Stores a run's texts and opens those to learn from. Throws `invalid_argument` for none. */
export async function storeTexts(
  order: { readonly text: readonly PostedInput[]; readonly validation: readonly PostedInput[] },
  { folder, pulls, tell }: PlanningContext,
) {
  if (order.text.length === 0) {
    throw new LacunaError('invalid_argument', 'trainer: expected at least one text, got none.');
  }
  tell({ type: 'preparing', phase: 'reading' });
  const store = async (inputs: readonly PostedInput[], prefix: string): Promise<StoredInput[]> => {
    const stored: StoredInput[] = [];
    for (const [i, input] of inputs.entries()) stored.push(await storeInput(folder, `${prefix}-${i}`, input, pulls));
    return stored;
  };
  const texts = await store(order.text, 'text');
  const validation = await store(order.validation, 'validation');
  const sources: TextSource[] = [];
  for (const text of texts) sources.push(await openText(folder, text));
  return { texts, sources, validation };
}
