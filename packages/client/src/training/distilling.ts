/** Distillation: a smaller student learns from a teacher. Loaded by the runs that do it. */
import { DISTILL_RECIPE, type DistillRecipe, distill, floatWeights, studentConfig } from '@lacuna/core';
import {
  checkSchedule,
  recipeForSize,
  Tokenizer,
  type TrainingEvent,
  withTrainedLength,
} from '@lacuna/core/browser-training';
import type { OrderOf } from './order.ts';
import { type PerformingContext, textOptions } from './performing.ts';
import type { DistillPlan } from './plan.ts';
import { commonPlan, type PlanningContext, SAMPLES, storeTexts } from './planning.ts';
import { sampleTexts } from './samples.ts';
import { storedModel, storeModel } from './stored-model.ts';

/** Neither the teacher's layers nor its states fit a student of another width. */
const OTHER_WIDTH: Pick<DistillRecipe, 'fromTeacher' | 'weights'> = {
  fromTeacher: false,
  weights: { ...DISTILL_RECIPE.weights, hidden: 0 },
};

export async function planDistill(order: OrderOf<'distill'>, context: PlanningContext): Promise<DistillPlan> {
  const teacher = await storeModel(order.teacher, context.folder);
  const { layers, hiddenSize } = order;
  const shape = studentConfig(teacher.config, { ...layers, ...(hiddenSize === undefined ? {} : { hiddenSize }) });
  const recipe = {
    ...DISTILL_RECIPE,
    ...recipeForSize(shape),
    learningRate: DISTILL_RECIPE.learningRate,
    ...(shape.hiddenSize === teacher.config.hiddenSize ? {} : OTHER_WIDTH),
    ...order.recipe,
  };
  checkSchedule(recipe.ratio);
  const { texts, sources, validation } = await storeTexts(order, context);
  return {
    ...commonPlan(order, context),
    task: 'distill',
    config: withTrainedLength(shape, recipe),
    tokenizer: new Tokenizer(teacher.pieces).toJSON(),
    recipe,
    texts,
    validation,
    evaluateEvery: order.evaluateEvery ?? { minutes: 1 },
    samples: order.samples ?? (await sampleTexts(sources, SAMPLES)),
  };
}

export async function performDistill(
  plan: DistillPlan,
  context: PerformingContext,
): Promise<AsyncIterable<TrainingEvent>> {
  const options = await textOptions(plan, context);
  const teacher = await storedModel(context.folder);
  return distill({
    ...options,
    recipe: plan.recipe,
    teacher: { config: teacher.config, parameters: floatWeights(teacher) },
  });
}
