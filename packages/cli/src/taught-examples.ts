/** Task distillation from the command line: whose answers are learned, and how many variants are made. */
import { type EncodedExample, type TrainableOps, taughtExamples } from '@lacuna/core';
import type { Options, Session, Values } from './command.ts';
import { readTrainedModel } from './trained-model.ts';

export const TEACHER_OPTIONS = {
  teacher: {
    kind: 'list',
    value: 'DIR|FILE',
    about: 'learn from these classifiers (their mean) and not from the labels',
  },
  variants: {
    kind: 'integer',
    about: 'with --teacher: new texts made of each by refilling gaps',
    default: 0,
    min: 0,
    max: 100,
  },
  infill: { kind: 'text', value: 'DIR|FILE', about: 'the fill-mask model that makes variants (default: --model)' },
  logitsWeight: {
    kind: 'number',
    about: "with --teacher: weight of the error on the teacher's logits",
    default: 0.5,
    min: 0,
  },
} as const satisfies Options;

/** Throws `unsupported_task`, and `checkpoint_mismatch` for a teacher with another vocabulary or other labels. */
export async function teach(
  ops: TrainableOps,
  options: Values<typeof TEACHER_OPTIONS> & {
    readonly model: string;
    readonly seed: number;
    readonly multiLabel: boolean;
  },
  examples: readonly EncodedExample[],
  labels: readonly string[],
  session: Session,
): Promise<EncodedExample[]> {
  const { teacher: paths = [], variants, model, seed, multiLabel } = options;
  const teachers = [];
  for (const path of paths) teachers.push(await readTrainedModel(path));
  return taughtExamples(ops, examples, {
    filler: await readTrainedModel(options.infill ?? model),
    teachers,
    labels,
    multiLabel,
    variants,
    seed,
    signal: session.signal,
    onProgress: (label, fraction) => session.progress.update({ label, fraction }),
  });
}
