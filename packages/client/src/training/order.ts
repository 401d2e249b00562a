/** A trainer's options as they are posted to its worker: inputs without their streams, everything else as it is. */
import type { PostedInput } from './inputs.ts';
import { InputPoster, type LabelledInput, type Pull, type TextInput } from './inputs.ts';
import type { DistillRun, FinetuneRun, PretrainRun, ResumedRun, TrainerOptions } from './options.ts';

type Posted<Options, Inputs extends keyof Options> = Omit<Options, Inputs | 'signal'>;

export type TrainingOrder =
  | (Posted<PretrainRun, 'text' | 'validation' | 'model'> & PostedTexts & { readonly model?: PostedInput })
  | (Posted<DistillRun, 'text' | 'validation' | 'teacher'> & PostedTexts & { readonly teacher: PostedInput })
  | (Posted<FinetuneRun, 'data' | 'validation' | 'model' | 'teacher'> & {
      readonly teacher?: PostedInput;
      readonly model: PostedInput;
      readonly data: PostedInput;
      readonly validation?: PostedInput;
    })
  | Posted<ResumedRun, never>;

export interface PostedTexts {
  readonly text: readonly PostedInput[];
  readonly validation: readonly PostedInput[];
}

export type OrderOf<Task extends TrainingOrder['task']> = Extract<TrainingOrder, { readonly task: Task }>;

export function orderOf(options: TrainerOptions): { readonly order: TrainingOrder; readonly pulls: readonly Pull[] } {
  const poster = new InputPoster();
  const texts = (given: TextInput | readonly TextInput[] | undefined, name: string) =>
    listOf(given).map((input, i) => poster.text(input, i === 0 ? name : `${name} ${i + 1}`));
  const { signal: _, ...rest } = options;
  const build = (): TrainingOrder => {
    switch (rest.task) {
      case 'resume':
        return rest;
      case 'pretrain': {
        const { model, ...others } = rest;
        return {
          ...others,
          ...(model === undefined ? {} : { model: poster.model(model, 'model') }),
          text: texts(rest.text, 'text'),
          validation: texts(rest.validation, 'validation'),
        };
      }
      case 'distill': {
        const teacher = poster.model(rest.teacher, 'teacher');
        return { ...rest, teacher, text: texts(rest.text, 'text'), validation: texts(rest.validation, 'validation') };
      }
      case 'finetune': {
        const { validation, teacher, ...others } = rest;
        const labelled = (input: LabelledInput, name: string) => poster.labelled(input, name);
        return {
          ...others,
          model: poster.model(rest.model, 'model'),
          data: labelled(rest.data, 'data'),
          ...(teacher === undefined ? {} : { teacher: poster.model(teacher, 'teacher') }),
          ...(validation === undefined ? {} : { validation: labelled(validation, 'validation') }),
        };
      }
    }
  };
  return { order: build(), pulls: poster.pulls };
}

function listOf(given: TextInput | readonly TextInput[] | undefined): readonly TextInput[] {
  if (given === undefined) return [];
  return Array.isArray(given) ? given : [given as TextInput];
}
