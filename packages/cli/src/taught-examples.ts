/** Task distillation from the command line: whose answers are learned, and how many variants are made. */
import {
  bagTeacher,
  type EncodedExample,
  encodeExamples,
  Pauses,
  sentencesOf,
  type Teacher,
  type Tokenizer,
  type TrainableOps,
  taughtExamples,
} from '@lacuna/core';
import { type Options, type Session, UsageError, type Values } from './command.ts';
import { openCorpus } from './corpus.ts';
import { overlapWith } from './labelled-data.ts';
import { readTrainedModel } from './trained-model.ts';

/** What `finetune` and `teach` share. */
export const TEACHING_OPTIONS = {
  teacher: {
    kind: 'list',
    value: 'DIR|FILE',
    about: 'learn from these classifiers (their mean) and not from the labels',
  },
  bags: {
    kind: 'integer',
    about: 'with --teacher: bags of n-grams that learn the labels of --data first and count as so many teachers more',
    default: 0,
    min: 0,
    max: 100,
  },
  variants: {
    kind: 'integer',
    about: 'with --teacher: new texts made of each by refilling gaps',
    default: 0,
    min: 0,
    max: 100,
  },
  unlabelled: {
    kind: 'list',
    value: 'FILE',
    about:
      'with --teacher: texts without labels to learn on as well, a sentence at a time; those of --without are left out',
  },
  unlabelledSentences: {
    kind: 'integer',
    about: 'with --unlabelled: how many sentences, of all files in turn',
    default: 20_000,
    min: 1,
  },
  infill: { kind: 'text', value: 'DIR|FILE', about: 'the fill-mask model that makes variants (default: --model)' },
} as const satisfies Options;

export const TEACHER_OPTIONS = {
  ...TEACHING_OPTIONS,
  logitsWeight: {
    kind: 'number',
    about: 'weight of the error on the logits, where a teacher or probabilities in --data give them',
    default: 0.5,
    min: 0,
  },
} as const satisfies Options;

/** Throws `unsupported_task`, and `checkpoint_mismatch` for a teacher with another vocabulary or other labels. */
export async function teach(
  ops: TrainableOps,
  options: Values<typeof TEACHING_OPTIONS> & {
    readonly model: string;
    readonly seed: number;
    readonly multiLabel: boolean;
    readonly without?: readonly string[] | undefined;
    readonly tokenizer: Tokenizer;
    readonly maxLength: number;
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
    others: await bagTeachers(options, examples, session),
    labels,
    multiLabel,
    variants,
    unlabelled: await unlabelledExamples(options, labels.length),
    seed,
    signal: session.signal,
    onProgress: (label, fraction) => session.progress.update({ label, fraction }),
  });
}

async function bagTeachers(
  { bags, seed, multiLabel, tokenizer }: Parameters<typeof teach>[1],
  examples: readonly EncodedExample[],
  session: Session,
): Promise<Teacher[]> {
  if (bags > 0 && examples.length === 0) {
    throw new UsageError('teach: expected --data FILE… for --bags to learn from, got none.', { bags });
  }
  const teachers: Teacher[] = [];
  const pauses = new Pauses();
  for (let i = 0; i < bags; i++) {
    session.progress.update({ label: 'bags of n-grams', fraction: i / bags });
    const decode = (ids: Int32Array) => tokenizer.decode(ids, { skipSpecial: true });
    const afterEpoch = () => pauses.take(session.signal);
    teachers.push(await bagTeacher(examples, { multiLabel, seed: seed + i, decode, afterEpoch }));
  }
  return teachers;
}

/** Sentences of the files, encoded; what they are to be answered with is the teachers' to say. */
async function unlabelledExamples(options: Parameters<typeof teach>[1], numLabels: number): Promise<EncodedExample[]> {
  const { unlabelled, unlabelledSentences, without = [], tokenizer, maxLength } = options;
  if (unlabelled === undefined) return [];
  const overlap = await overlapWith(without);
  const corpus = await openCorpus(unlabelled, undefined);
  const examples: { text: string; labels: number[] }[] = [];
  for await (const line of corpus.lines()) {
    for (const text of sentencesOf(line)) {
      if (examples.length < unlabelledSentences && !overlap.holds(text)) examples.push({ text, labels: [] });
    }
    if (examples.length === unlabelledSentences) break;
  }
  return encodeExamples(tokenizer, examples, numLabels, maxLength);
}
