/** What one chooses before training, and what follows from it: sizes, vocabularies and recipes that fit a time and a text. */
import type { BackendName, ModelConfig } from '@lacuna/client/training';
import { CONFIGS } from '@lacuna/core';
import { type DataSet, heldOutTexts, type StudioModel } from '../project.ts';

export const PRESETS = [
  { id: 'short', title: '2 minutes', minutes: 2, hint: 'A first look.' },
  {
    id: 'medium',
    title: '10 minutes',
    minutes: 10,
    hint: 'Something worth trying.',
  },
  { id: 'long', title: 'An hour', minutes: 60, hint: 'The best of an afternoon.' },
] as const;
export type PresetId = (typeof PRESETS)[number]['id'];

/** `fill` learns the language, from nothing or from a model at hand; `label` a classifier from a model at hand; `both` one after the other. */
export type Goal = 'fill' | 'label' | 'both';

export const SIZES = ['tiny', 'small', 'base'] as const;
export type Size = (typeof SIZES)[number];

/** The expert's knobs as they are typed: '' leaves what the preset says. */
export interface Knobs {
  readonly size: Size | '';
  readonly vocabulary: string;
  readonly minutes: string;
  readonly epochs: string;
  readonly learningRate: string;
  readonly ratio: string;
  readonly batch: string;
  readonly length: string;
  readonly seed: string;
  readonly lanes: string;
  readonly backend: BackendName | 'auto';
}

export const NO_KNOBS: Knobs = {
  size: '',
  vocabulary: '',
  minutes: '',
  epochs: '',
  learningRate: '',
  ratio: '',
  batch: '',
  length: '',
  seed: '',
  lanes: '',
  backend: 'auto',
};

export interface Choices {
  readonly goal: Goal;
  readonly preset: PresetId;
  readonly run: string;
  /** The model that a classifier starts from, or one that fills gaps; without it the latter starts from nothing. */
  readonly base: StudioModel | undefined;
  readonly knobs: Knobs;
}

/** Least words for a model of the size to be more than its text by heart. */
const WORDS_FOR: Readonly<Record<Size, number>> = { tiny: 0, small: 150_000, base: 3_000_000 };
const LARGEST: Readonly<Record<PresetId, Size>> = { short: 'tiny', medium: 'small', long: 'base' };
const VOCABULARIES = [1024, 2048, 4096, 8192] as const;
const WORDS_A_PIECE = 100;
/** Tokens a second of fine-tuning, roughly: only to turn minutes into epochs, before there is anything to measure. */
const roughRate = (parameters: number) => Math.min(30_000, 8e9 / parameters);
const MOST_EPOCHS = 10;
/** Of the time, where the language is learned first. */
export const LANGUAGE_SHARE = 0.6;

/** The largest size that both the time and the text are enough for. */
export function sizeFor(preset: PresetId, words: number): Size {
  const affordable = SIZES.slice(0, SIZES.indexOf(LARGEST[preset]) + 1);
  return affordable.findLast((size) => words >= WORDS_FOR[size]) ?? 'tiny';
}

/** The largest vocabulary of which pieces are met often enough to be learned; the smallest size takes the smallest. */
export function vocabularyFor(size: Size, words: number): number {
  if (size === 'tiny') return VOCABULARIES[0];
  return VOCABULARIES.findLast((pieces) => words >= pieces * WORDS_A_PIECE) ?? VOCABULARIES[0];
}

/** The shape of a model that is trained from nothing; its vocabulary may come out smaller. */
export function freshConfig(data: DataSet, { preset, knobs }: Pick<Choices, 'preset' | 'knobs'>): ModelConfig {
  const { words } = data.statistics;
  const size = knobs.size || sizeFor(preset, words);
  return { ...CONFIGS[size], vocabSize: numberOf(knobs.vocabulary) ?? vocabularyFor(size, words) };
}

export function minutesOf({ preset, knobs }: Pick<Choices, 'preset' | 'knobs'>): number {
  return numberOf(knobs.minutes) ?? PRESETS.find(({ id }) => id === preset)?.minutes ?? 2;
}

/** Rounds over the rows that the minutes are likely enough for on a slow machine, 1 to 10. */
export function epochsFor(minutes: number, data: DataSet, parameters: number): number {
  const { words, texts } = data.statistics;
  const tokens = (1.3 * words * data.trainTexts) / texts;
  return Math.max(1, Math.min(MOST_EPOCHS, Math.round((minutes * 60 * roughRate(parameters)) / tokens)));
}

/** The number that was typed; undefined for none, NaN for what is no number. */
export function numberOf(typed: string): number | undefined {
  return typed.trim() === '' ? undefined : Number(typed.replace(',', '.'));
}

/** What a knob may be: `from` and `to` inclusive. */
const RANGES = {
  vocabulary: [128, 65_536, true],
  minutes: [0.05, 1440, false],
  epochs: [1, 100, true],
  learningRate: [1e-6, 1, false],
  ratio: [0.05, 0.95, false],
  batch: [1, 1 << 20, true],
  length: [8, 512, true],
  seed: [0, 2 ** 31 - 1, true],
  lanes: [1, 16, true],
} as const satisfies Partial<Record<keyof Knobs, readonly [number, number, boolean]>>;
export type NumericKnob = keyof typeof RANGES;

/** What is wrong with a knob as it is typed, or undefined. */
export function knobProblem(knob: NumericKnob, typed: string): string | undefined {
  const value = numberOf(typed);
  if (value === undefined) return undefined;
  const [from, to, isWhole] = RANGES[knob];
  if (value >= from && value <= to && (!isWhole || Number.isInteger(value))) return undefined;
  return `${isWhole ? 'A whole number' : 'A number'} from ${from.toLocaleString('en')} to ${to.toLocaleString('en')}.`;
}

export function firstProblem(knobs: Knobs): string | undefined {
  return (Object.keys(RANGES) as NumericKnob[])
    .map((knob) => knobProblem(knob, knobs[knob]))
    .find((p) => p !== undefined);
}

const RUN_NAME = /^[\w.\- ]{1,60}$/;

export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!RUN_NAME.test(name) || /^\.+$/.test(name)) return '1 to 60 letters, digits, dots, dashes and spaces.';
  return taken.includes(name) ? 'A run of this name is kept already.' : undefined;
}

/** A name of the data's own, with the first number that is free. */
export function freshName(data: DataSet, taken: readonly string[]): string {
  const base = data.name
    .replace(/(\.\w+)?(\.gz)?$/i, '')
    .replaceAll(/[^\w.\- ]+/g, ' ')
    .trim()
    .slice(0, 40);
  const isFree = (name: string) => !taken.some((other) => other === name || other.startsWith(`${name} `));
  for (let i = 1; ; i++) {
    const name = `${base || 'run'} ${i}`;
    if (isFree(name)) return name;
  }
}

/** What may be learned of the data. */
export function goalsFor(data: DataSet): readonly Goal[] {
  return data.kind === 'labelled' && data.labels.length > 1 ? ['label', 'both', 'fill'] : ['fill'];
}

/** Held-out texts as training takes them; undefined where there are none. */
export function validationText(data: DataSet): string | undefined {
  const texts = heldOutTexts(data);
  return texts.length === 0 ? undefined : texts.join('\n');
}
