/** What a run will be, in a sentence, before it begins. */
import { parameterCount } from '@lacuna/core';
import { compact } from '../format.ts';
import type { DataSet } from '../project.ts';
import { type Choices, epochsFor, freshConfig, LANGUAGE_SHARE, minutesOf, numberOf } from './choices.ts';

/** Knobs must be in their ranges. */
export function plannedText(data: DataSet, choices: Choices): string {
  const { goal, knobs, base } = choices;
  const minutes = minutesOf(choices);
  const config = freshConfig(data, choices);
  const parameters = parameterCount(config);
  const rounds = (share: number, of: number) => {
    const epochs = numberOf(knobs.epochs) ?? epochsFor(minutes * share, data, of);
    return `${epochs} round${epochs === 1 ? '' : 's'} over ${data.trainTexts.toLocaleString('en')} rows`;
  };
  const layers = `${config.numHiddenLayers} + ${config.numDecoderLayers} layers`;
  const pieces = `${config.vocabSize.toLocaleString('en')} pieces`;
  const model = `a model of ${layers}, up to ${pieces} and ${compact(parameters)} parameters`;
  const time = (share: number) => `${(minutes * share).toLocaleString('en')} minutes`;
  if (goal === 'label') {
    return `${base?.name ?? 'The model'} (${compact(base?.parameters ?? 0)} parameters) learns for ${rounds(1, base?.parameters ?? 1)}.`;
  }
  if (goal === 'both') {
    return `First ${model} for ${time(LANGUAGE_SHARE)}, then ${rounds(1 - LANGUAGE_SHARE, parameters)}.`;
  }
  if (base) return `${base.name} (${compact(base.parameters)} parameters) goes on learning for ${time(1)}.`;
  return `A${model.slice(1)}, for ${time(1)}.`;
}
