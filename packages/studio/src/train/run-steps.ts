/** From choices to what a trainer is asked for: one run, or two of which the second starts from the first one's model. */
import type { FinetuneRun, PretrainRun, TrainerOptions } from '@lacuna/client/training';
import { CONFIGS, type PretrainRecipe } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import type { DataSet, LabelledDataSet, StudioModel } from '../project.ts';
import {
  type Choices,
  epochsFor,
  LANGUAGE_SHARE,
  minutesOf,
  numberOf,
  sizeFor,
  validationText,
  vocabularyFor,
} from './choices.ts';

export interface RunStep {
  readonly run: string;
  readonly title: string;
  /** Made when its turn comes: a classifier's model may have to be trained first. */
  options(): Promise<TrainerOptions>;
}

/** A page that is closed loses no more than this. */
const CHECKPOINT_EVERY = { minutes: 0.5 } as const;
/** Progress a second is as much as people can follow. */
const PROGRESS_MS = 250;
const EVALUATIONS = 12;
const LEAST_EVALUATION_MINUTES = 0.1;

/** `exported` gives a kept run's model. */
export function stepsOf(data: DataSet, choices: Choices, exported: (run: string) => Promise<Blob>): readonly RunStep[] {
  const { goal, run, base } = choices;
  const minutes = minutesOf(choices);
  if (goal === 'fill') {
    return [{ run, title: 'Learning to fill gaps', options: async () => pretrainOptions(data, choices, run, minutes) }];
  }
  if (data.kind !== 'labelled') {
    throw new LacunaError('unsupported_task', 'train: expected labelled rows for a classifier, got plain text.');
  }
  if (goal === 'label') {
    const options = async () => finetuneOptions(data, choices, await fileOf(base), minutes);
    return [{ run, title: 'Learning the labels', options }];
  }
  const language = languageRun(run);
  return [
    {
      run: language,
      title: 'First of two: learning the language of the texts',
      options: async () => pretrainOptions(data, choices, language, minutes * LANGUAGE_SHARE),
    },
    {
      run,
      title: 'Second of two: learning the labels',
      options: async () => finetuneOptions(data, choices, await exported(language), minutes * (1 - LANGUAGE_SHARE)),
    },
  ];
}

export const languageRun = (run: string): string => `${run} lm`;

function fileOf(base: StudioModel | undefined): Promise<Blob> {
  if (base) return base.artifact('none');
  throw new LacunaError('unknown_model', 'train: expected a model to start from, got none. Choose one.');
}

function pretrainOptions(data: DataSet, { preset, knobs }: Choices, run: string, minutes: number): PretrainRun {
  const { words } = data.statistics;
  const size = knobs.size || sizeFor(preset, words);
  const vocabSize = numberOf(knobs.vocabulary) ?? vocabularyFor(size, words);
  const validation = validationText(data);
  const ratio = numberOf(knobs.ratio);
  const recipe: Partial<PretrainRecipe> = {
    budget: { minutes },
    ...given('learningRate', numberOf(knobs.learningRate)),
    ...given('batchTokens', numberOf(knobs.batch)),
    ...given('length', numberOf(knobs.length)),
    ...given('seed', numberOf(knobs.seed)),
    ...(ratio === undefined ? {} : { ratio: { from: ratio } }),
  };
  return {
    ...common(knobs),
    task: 'pretrain',
    run,
    text: data.train,
    ...(validation === undefined ? {} : { validation }),
    evaluateEvery: { minutes: Math.max(LEAST_EVALUATION_MINUTES, minutes / EVALUATIONS) },
    config: { ...CONFIGS[size], vocabSize },
    recipe,
  };
}

function finetuneOptions(
  data: LabelledDataSet,
  { goal, run, knobs }: Choices,
  model: Blob,
  minutes: number,
): FinetuneRun {
  // Where both are trained, what is said in units of the language's run is the language's.
  const own = goal === 'label' ? knobs : { ...knobs, learningRate: '', batch: '' };
  return {
    ...common(knobs),
    task: 'finetune',
    run,
    model,
    data: data.train,
    ...(data.heldOut.length === 0 ? {} : { validation: data.heldOut }),
    labels: data.labels,
    recipe: {
      epochs: numberOf(own.epochs) ?? epochsFor(minutes, data),
      ...given('learningRate', numberOf(own.learningRate)),
      ...given('batchSize', numberOf(own.batch)),
      ...given('maxLength', numberOf(own.length)),
      ...given('seed', numberOf(own.seed)),
    },
  };
}

function common({ lanes, backend }: Choices['knobs']) {
  return {
    ...given('lanes', numberOf(lanes)),
    backend,
    checkpointEvery: CHECKPOINT_EVERY,
    progressMs: PROGRESS_MS,
  };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { readonly [K in Name]?: Value };
}
