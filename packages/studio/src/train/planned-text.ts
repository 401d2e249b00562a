/** What a run will be, in a sentence, before it begins. */
import { CONFIGS, parameterCount } from '@lacuna/core';
import type { DataSet } from '../project.ts';
import { type Choices, epochsFor, LANGUAGE_SHARE, minutesOf, numberOf, sizeFor, vocabularyFor } from './choices.ts';
import { compact } from './quantities.ts';

export function plannedText(data: DataSet, choices: Choices): string {
  const { goal, preset, knobs, base } = choices;
  const minutes = minutesOf(choices);
  const { words } = data.statistics;
  const size = knobs.size || sizeFor(preset, words);
  const vocabSize = numberOf(knobs.vocabulary) ?? vocabularyFor(size, words);
  const valid = Number.isInteger(vocabSize) && vocabSize > 0 && vocabSize < 1e6;
  const parameters = valid ? compact(parameterCount({ ...CONFIGS[size], vocabSize })) : 'some';
  const epochs = (share: number) => {
    const n = numberOf(knobs.epochs) ?? epochsFor(minutes * share, data);
    return `${n} round${n === 1 ? '' : 's'} over ${data.trainTexts.toLocaleString('en')} rows`;
  };
  const fresh = `a ${size} model of up to ${parameters} parameters with up to ${vocabSize.toLocaleString('en')} pieces`;
  if (goal === 'label')
    return `${base?.name ?? 'The model'} (${compact(base?.parameters ?? 0)} parameters) learns for ${epochs(1)}.`;
  if (goal === 'both') {
    return `First ${fresh} for ${(minutes * LANGUAGE_SHARE).toLocaleString('en')} minutes, then ${epochs(1 - LANGUAGE_SHARE)}.`;
  }
  return `${fresh.charAt(0).toUpperCase()}${fresh.slice(1)}, for ${minutes.toLocaleString('en')} minutes.`;
}
