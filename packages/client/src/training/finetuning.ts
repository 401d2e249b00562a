/** Fine-tuning: a pre-trained encoder learns to label texts. Loaded by the runs that do it. */
import { encodeExamples, FINETUNE_RECIPE, finetune, floatWeights, readLabelled, taughtExamples } from '@lacuna/core';
import { makeBrowserBackend } from '@lacuna/core/browser';
import { Tokenizer, type TrainingEvent } from '@lacuna/core/browser-training';
import type { OrderOf } from './order.ts';
import { commonOptions, type PerformingContext } from './performing.ts';
import type { FinetunePlan, StoredInput } from './plan.ts';
import { commonPlan, type PlanningContext } from './planning.ts';
import { openTable, storeInput } from './stored-inputs.ts';
import { storedModel, storedTeacher, storeModel, storeTeacher } from './stored-model.ts';

/** Weight of the error on a teacher's logits. */
const LOGITS_WEIGHT = 0.5;

export async function planFinetune(order: OrderOf<'finetune'>, context: PlanningContext): Promise<FinetunePlan> {
  const { folder, pulls } = context;
  const model = await storeModel(order.model, folder);
  const teacher = order.teacher && (await storeTeacher(order.teacher, folder));
  const recipe = { ...FINETUNE_RECIPE, logitsWeight: teacher ? LOGITS_WEIGHT : 0, ...order.recipe };
  context.tell({ type: 'preparing', phase: 'reading' });
  const data = await storeInput(folder, 'data', order.data, pulls);
  const validation = order.validation && (await storeInput(folder, 'validation', order.validation, pulls));
  const given = order.labels ?? teacher?.labels;
  const { labels } = await readLabelled(await openTable(folder, data), {
    multiLabel: recipe.multiLabel,
    ...(given ? { labels: given } : {}),
    ...(data.textColumn === undefined ? {} : { textColumn: data.textColumn }),
    ...(data.labelColumn === undefined ? {} : { labelColumn: data.labelColumn }),
  });
  return {
    ...commonPlan(order, context),
    task: 'finetune',
    config: { ...model.config, maxPositionEmbeddings: recipe.maxLength },
    tokenizer: new Tokenizer(model.pieces).toJSON(),
    recipe,
    data,
    ...(validation ? { validation } : {}),
    ...(teacher ? { teacherVariants: order.variants ?? 0 } : {}),
    labels,
  };
}

export async function performFinetune(
  plan: FinetunePlan,
  context: PerformingContext,
): Promise<AsyncIterable<TrainingEvent>> {
  const { folder, kernels } = context;
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
  const model = await storedModel(folder);
  const own = await encoded(plan.data);
  const { teacherVariants: variants } = plan;
  const examples =
    variants === undefined
      ? own
      : await taughtExamples(await makeBrowserBackend({ name: 'wasm', module: kernels }), own, {
          filler: model,
          teachers: [await storedTeacher(folder)],
          labels,
          multiLabel: recipe.multiLabel,
          variants,
          seed: recipe.seed,
          signal: context.signal,
          onProgress: (_, fraction) => context.tell({ type: 'preparing', phase: 'examples', fraction }),
        });
  const evaluation = plan.validation && { examples: await encoded(plan.validation) };
  return finetune({
    ...commonOptions(plan, context),
    numLabels: labels.length,
    recipe,
    encoder: floatWeights(model),
    examples,
    ...(evaluation ? { evaluation } : {}),
  });
}
