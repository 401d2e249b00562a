/** Task distillation's data: the examples, variants of them with refilled gaps, all labelled by classifiers. */
import { type EncodedExample, infill, LacunaError, Pauses, Random, softLabels, type TrainableOps } from '@lacuna/core';
import type { Options, Session, Values } from './command.ts';
import { expectTask, paramsOn, readTrainedModel, tokenizerOf } from './trained-model.ts';

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

/** Names a stream of draws of the run. */
const VARIANTS_STREAM = 6;

/**
 * Examples with the teachers' probabilities for targets. Throws `unsupported_task`, and `checkpoint_mismatch` for a
 * teacher with another vocabulary or other labels.
 */
export async function taughtExamples(
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
  const filler = await readTrainedModel(options.infill ?? model);
  expectTask('finetune', filler, 'fill-mask');
  const pieces = filler.pieces.join(' ');
  const teachers = [];
  for (const path of paths) {
    const teacher = await readTrainedModel(path);
    expectTask('finetune', teacher, 'text-classification');
    if (teacher.pieces.join(' ') !== pieces || teacher.labels.join('\n') !== labels.join('\n')) {
      throw new LacunaError(
        'checkpoint_mismatch',
        `finetune: expected a teacher with the student's tokenizer and the labels ${labels.join(', ')}, ` +
          `got ${teacher.name} with ${teacher.labels.join(', ')}.`,
        { teacher: path, labels: teacher.labels },
      );
    }
    teachers.push({ config: teacher.config, params: paramsOn(ops, teacher) });
  }
  const all = [...examples];
  if (variants > 0) {
    const infiller = { config: filler.config, params: paramsOn(ops, filler), vocabulary: tokenizerOf(filler) };
    const random = new Random(seed, VARIANTS_STREAM);
    const pauses = new Pauses();
    for (let from = 0; from < examples.length; from += 64) {
      await pauses.take(session.signal);
      all.push(...(await infill(ops, infiller, examples.slice(from, from + 64), { variants }, random)));
      session.progress.update({ label: 'variants', fraction: Math.min(1, (from + 64) / examples.length) });
    }
  }
  return softLabels(ops, teachers, all, {
    multiLabel,
    signal: session.signal,
    onProgress: (done, total) => session.progress.update({ label: "teacher's labels", fraction: done / total }),
  });
}
