/** From what was chosen to an order for the trainer. */
import type { StudentShape } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import { type DataSet, heldOutTexts, type LabelledDataSet, type StudioModel } from '../project.ts';
import type { DistilOrder } from './distillation.ts';

/** Held-out scores in a run, besides the one at its end. */
const EVALUATIONS = 4;

/** A smaller model that fills gaps, taught on the data's texts for so many minutes. */
export async function fillMaskOrder(
  teacher: StudioModel,
  data: DataSet,
  { hiddenSize, ...layers }: StudentShape,
  minutes: number,
): Promise<DistilOrder> {
  const heldOut = heldOutTexts(data).join('\n');
  return {
    task: 'distill',
    teacher: await teacher.artifact('none'),
    text: data.train,
    ...(heldOut === '' ? {} : { validation: { content: heldOut, name: 'held-out', format: 'txt' } }),
    evaluateEvery: { minutes: minutes / EVALUATIONS },
    layers,
    ...(hiddenSize === undefined || hiddenSize === teacher.config.hiddenSize ? {} : { hiddenSize }),
    recipe: { budget: { minutes } },
  };
}

export interface ClassifierChoice {
  /** A model that fills gaps: what the student is made of. */
  readonly base: StudioModel;
  /** Passes over the data. */
  readonly epochs: number;
  /** New texts made of each by refilling gaps. */
  readonly variants: number;
}

/** A smaller classifier, taught what the larger one answers. Throws `unknown_label` where the data has labels of its own. */
export async function classifierOrder(
  teacher: StudioModel,
  data: LabelledDataSet,
  { base, epochs, variants }: ClassifierChoice,
): Promise<DistilOrder> {
  const known = teacher.labels ?? [];
  const unknown = data.labels.filter((label) => !known.includes(label));
  if (unknown.length > 0) {
    throw new LacunaError(
      'unknown_label',
      `distil: expected the teacher's labels ${known.join(', ')} in the data, got ${unknown.join(', ')} as well.`,
      { known, unknown },
    );
  }
  return {
    task: 'finetune',
    model: await base.artifact('none'),
    teacher: await teacher.artifact('none'),
    data: data.train,
    ...(data.heldOut.length > 0 ? { validation: data.heldOut } : {}),
    variants,
    recipe: { epochs },
  };
}
