/** Task distillation's data: the examples, variants of them with refilled gaps, all labelled by classifiers. */
import type { Artifact } from '../artifact/artifact.ts';
import { artifactParams } from '../artifact/params.ts';
import { LacunaError } from '../errors.ts';
import type { Ops } from '../ops/ops.ts';
import { Random } from '../random/random.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { STREAMS } from '../training/state.ts';
import type { EncodedExample } from '../training/text-batches.ts';
import { infill } from './infill.ts';
import { classifierTeacher, softLabels, type Teacher } from './soft-labels.ts';

export interface TeachingOptions {
  /** A fill-mask model with the student's tokenizer, which makes the variants. */
  readonly filler: Artifact;
  /** Classifiers; of several the mean counts. */
  readonly teachers: readonly Artifact[];
  /** Others that teach along, each as one of the teachers. */
  readonly others?: readonly Teacher[];
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** New texts made of each. */
  readonly variants: number;
  /** Texts beside the examples, of which no variants are made; their own targets do not count. */
  readonly unlabelled?: readonly EncodedExample[];
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (what: 'variants' | "teacher's labels", fraction: number) => void;
}

/**
 * Examples with the teachers' probabilities for targets. Throws `unsupported_task`, `aborted`, and `checkpoint_mismatch` for
 * a teacher with another vocabulary or other labels.
 */
export async function taughtExamples(
  ops: Ops,
  examples: readonly EncodedExample[],
  {
    filler,
    teachers,
    others = [],
    labels,
    multiLabel,
    variants,
    unlabelled = [],
    seed,
    signal,
    onProgress,
  }: TeachingOptions,
): Promise<EncodedExample[]> {
  expectTask(filler, 'fill-mask');
  const pieces = filler.pieces.join(' ');
  const classifiers = teachers.map((teacher) => {
    expectTask(teacher, 'text-classification');
    if (teacher.pieces.join(' ') !== pieces || teacher.labels.join('\n') !== labels.join('\n')) {
      throw new LacunaError(
        'checkpoint_mismatch',
        `finetune: expected a teacher with the student's tokenizer and the labels ${labels.join(', ')}, ` +
          `got ${teacher.name} with ${teacher.labels.join(', ')}.`,
        { teacher: teacher.name, labels: teacher.labels },
      );
    }
    return classifierTeacher(ops, teacher.config, artifactParams(ops, teacher), multiLabel);
  });
  const all = [...examples, ...unlabelled];
  if (variants > 0) {
    const vocabulary = new Tokenizer(filler.pieces);
    const infiller = { config: filler.config, params: artifactParams(ops, filler), vocabulary };
    const random = new Random(seed, STREAMS.variants);
    const made = await infill(
      ops,
      infiller,
      examples,
      {
        variants,
        ...(signal ? { signal } : {}),
        onProgress: (done, total) => onProgress?.('variants', done / total),
      },
      random,
    );
    for (const variant of made) all.push(variant);
  }
  return softLabels([...classifiers, ...others], all, {
    ...(signal ? { signal } : {}),
    onProgress: (done, total) => onProgress?.("teacher's labels", done / total),
  });
}

function expectTask(artifact: Artifact, task: Artifact['task']): void {
  if (artifact.task === task) return;
  throw new LacunaError('unsupported_task', `finetune: expected a model for ${task}, got one for ${artifact.task}.`, {
    expected: task,
    got: artifact.task,
  });
}
