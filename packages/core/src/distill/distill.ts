/** General distillation: pre-training of a smaller model in which the teacher's answers count beside the text's. */
import type { DistillationWeights } from '../losses/distillation.ts';
import type { ModelConfig } from '../model/config.ts';
import { PRETRAIN_RECIPE, type PretrainOptions, type PretrainRecipe, pretrain } from '../training/pretrain.ts';
import { DISTILLATION_WEIGHTS, type DistillationTask } from '../training/task.ts';
import type { TrainingEvent } from '../training/trainer.ts';
import { studentInitial } from './student.ts';

/** Plain JSON, kept in checkpoints and model cards. */
export interface DistillRecipe extends PretrainRecipe {
  readonly weights: DistillationWeights;
  readonly topK: number;
  readonly temperature: number;
  /** Start from alternate layers of the teacher, or of `start`; needs the student's width. */
  readonly fromTeacher: boolean;
  /** The same student, text and steps, without a teacher and from random weights: what distillation is compared with. */
  readonly control: boolean;
}

export const DISTILL_RECIPE: DistillRecipe = {
  ...PRETRAIN_RECIPE,
  learningRate: 1e-3,
  weights: DISTILLATION_WEIGHTS,
  topK: 64,
  temperature: 2,
  fromTeacher: true,
  control: false,
};

export interface TrainedModel {
  readonly config: ModelConfig;
  readonly parameters: Readonly<Record<string, Float32Array>>;
}

export interface DistillOptions extends Omit<PretrainOptions, 'recipe' | 'task' | 'initial'> {
  readonly recipe: DistillRecipe;
  readonly teacher: TrainedModel;
  /** Whose alternate layers the student starts from, where the teacher is of another width. Default: the teacher. */
  readonly start?: TrainedModel;
}

export function distillationTask(config: ModelConfig, teacher: TrainedModel, recipe: DistillRecipe): DistillationTask {
  const { weights, topK, temperature, zLoss, dropout } = recipe;
  return { kind: 'distillation', config, teacher, weights, topK, temperature, zLoss, dropout };
}

/** Trains `config` as the student of `teacher` and yields the trainer's events. */
export function distill(options: DistillOptions): AsyncGenerator<TrainingEvent, void, void> {
  const { config, teacher, start = teacher, recipe } = options;
  if (recipe.control) return pretrain(options);
  return pretrain({
    ...options,
    task: distillationTask(config, teacher, recipe),
    ...(recipe.fromTeacher ? { initial: studentInitial(config, start.config, start.parameters) } : {}),
  });
}
