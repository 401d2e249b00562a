/** From choices to what a trainer is asked for: one run, or two of which the second starts from the first one's model. */
import type { FinetuneRun, PretrainRun, RunFacts, TrainerOptions } from '@lacuna/client/training';
import { type PretrainRecipe, parameterCount } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import type { DataSet, LabelledDataSet, StudioModel } from '../project.ts';
import {
  type Choices,
  epochsFor,
  freshConfig,
  LANGUAGE_SHARE,
  minutesOf,
  numberOf,
  validationText,
} from './choices.ts';

export interface RunStep {
  readonly run: string;
  readonly title: string;
  /** What it learns. */
  readonly task: RunFacts['task'];
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
    const options = async () => pretrainOptions(data, choices, run, minutes, base && { model: await fileOf(base) });
    return [{ run, title: 'Learning to fill gaps', task: 'pretrain', options }];
  }
  if (data.kind !== 'labelled') {
    throw new LacunaError('unsupported_task', 'train: expected labelled rows for a classifier, got plain text.');
  }
  if (goal === 'label') {
    const options = async () => finetuneOptions(data, choices, await fileOf(base), minutes);
    return [{ run, title: 'Learning the labels', task: 'finetune', options }];
  }
  const language = languageRun(run);
  return [
    {
      run: language,
      title: 'First of two: learning the language of the texts',
      task: 'pretrain',
      options: async () => pretrainOptions(data, choices, language, minutes * LANGUAGE_SHARE),
    },
    {
      run,
      title: 'Second of two: learning the labels',
      task: 'finetune',
      options: async () => finetuneOptions(data, choices, await exported(language), minutes * (1 - LANGUAGE_SHARE)),
    },
  ];
}

export const languageRun = (run: string): string => `${run} lm`;

function fileOf(base: StudioModel | undefined): Promise<Blob> {
  if (base) return base.artifact('none');
  throw new LacunaError('unknown_model', 'train: expected a model to start from, got none. Choose one.');
}

function pretrainOptions(
  data: DataSet,
  choices: Choices,
  run: string,
  minutes: number,
  start: Pick<PretrainRun, 'config' | 'model'> = { config: freshConfig(data, choices) },
): PretrainRun {
  const { knobs } = choices;
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
    ...start,
    recipe,
  };
}

function finetuneOptions(data: LabelledDataSet, choices: Choices, model: Blob, minutes: number): FinetuneRun {
  const { goal, run, base, knobs } = choices;
  const parameters = (goal === 'label' && base?.parameters) || parameterCount(freshConfig(data, choices));
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
      epochs: numberOf(own.epochs) ?? epochsFor(minutes, data, parameters),
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
