/** The options that shape pre-training and distillation, and the recipe they make. */
import {
  CONFIGS,
  checkSchedule,
  type ModelConfig,
  mlmControl,
  PRETRAIN_RECIPE,
  type PretrainRecipe,
  recipeForSize,
  validateConfig,
} from '@lacuna/core';
import { type Options, UsageError, type Values } from './command.ts';
import { bothEnds, parseIntegerRange, parseRange } from './ranges.ts';
import { readJson } from './read-json.ts';

/** How long to train, and the numbers of the recipe. */
export const RECIPE_OPTIONS = {
  tokens: { kind: 'number', about: 'train on this many tokens, e.g. 20M', min: 1 },
  steps: { kind: 'integer', about: 'or for this many steps', min: 1 },
  minutes: { kind: 'number', about: 'or for this many minutes', min: 0.001 },
  seed: { kind: 'integer', about: 'of everything random', default: 1, min: 0, max: 0xffff_ffff },
  ratio: {
    kind: 'text',
    value: 'A[:B]',
    about: 'share of tokens removed; of two, from the first to the second',
    default: '0.4:0.15',
  },
  ratioJitter: { kind: 'number', about: 'each batch draws its ratio within ± this', default: 0.1, min: 0, max: 0.5 },
  spans: { kind: 'text', value: 'A[:B]', about: 'remove runs of so many neighbouring tokens', default: '1' },
  wholeWords: { kind: 'flag', about: 'remove all pieces of a word together' },
  batchTokens: {
    kind: 'text',
    value: 'N[:M]',
    about: 'tokens a step; of two, growing over the run (default: by config)',
  },
  length: {
    kind: 'text',
    value: 'N[:M]',
    about: 'tokens a window, and so of the longest text; of two, the second from half way (default: by config)',
  },
  learningRate: { kind: 'number', value: 'X', about: 'peak (default: by config)', min: 1e-7, max: 1 },
  dropout: {
    kind: 'number',
    value: 'X',
    about: 'on every sub-layer; 0.1 where text is seen more than twice',
    default: 0,
    min: 0,
    max: 0.9,
  },
  weightDecay: {
    kind: 'number',
    value: 'X',
    about: 'on matrices',
    default: PRETRAIN_RECIPE.optimizer.weightDecay,
    min: 0,
  },
  ema: {
    kind: 'number',
    value: 'X',
    about: 'decay of the average of the weights',
    default: PRETRAIN_RECIPE.optimizer.ema,
    min: 0,
    max: 0.99999,
  },
} as const satisfies Options;

/** What a new vocabulary is made of. */
export const TOKENIZER_OPTIONS = {
  vocabSize: { kind: 'integer', about: 'pieces of a new tokenizer (default: by config)', min: 32, max: 65_536 },
  tokenizerBytes: { kind: 'number', about: 'bytes of text that a new tokenizer reads', default: 50_000_000, min: 1 },
} as const satisfies Options;

/** On what a model runs. */
export const BACKEND_OPTIONS = {
  backend: {
    kind: 'choice',
    choices: ['wasm', 'webgpu', 'tfjs-wasm', 'reference'],
    about: 'own SIMD kernels, a GPU, the kernels of TensorFlow.js, or plain loops',
    default: 'wasm',
  },
  kernels: {
    kind: 'choice',
    choices: ['auto', 'simd', 'relaxed'],
    about: 'which build of the kernels',
    default: 'auto',
  },
} as const satisfies Options;

/** Where and how fast it trains; changes nothing that is learned but the order of sums. */
export const MACHINE_OPTIONS = {
  lanes: { kind: 'integer', about: 'worker threads that share every batch', default: 1, min: 1, max: 256 },
  ...BACKEND_OPTIONS,
  backend: {
    ...BACKEND_OPTIONS.backend,
    choices: ['auto', ...BACKEND_OPTIONS.backend.choices],
    about: `${BACKEND_OPTIONS.backend.about}; auto times a step on each and takes the fastest`,
  },
  passTokens: { kind: 'integer', about: 'tokens a lane takes at once', default: PRETRAIN_RECIPE.passTokens, min: 1 },
  checkpointMinutes: { kind: 'number', about: 'save this often', default: 10, min: 0.01 },
} as const satisfies Options;

type RecipeValues = Values<typeof RECIPE_OPTIONS> & Pick<Values<typeof MACHINE_OPTIONS>, 'passTokens'>;

/** `suited` says what the options leave open. Throws `masking_ratio_out_of_range`. */
export function recipeOf(options: RecipeValues, config: ModelConfig, suited = recipeForSize(config)): PretrainRecipe {
  const [from, to] = bothEnds(parseRange('--ratio', options.ratio));
  return {
    ...suited,
    seed: options.seed,
    budget: budgetOf(options),
    learningRate: options.learningRate ?? suited.learningRate,
    batchTokens: rangeOr(suited.batchTokens, '--batch-tokens', options.batchTokens),
    length: rangeOr(suited.length, '--length', options.length),
    ratio: checkSchedule({ from, to, jitter: options.ratioJitter }),
    spans: bothEnds(parseIntegerRange('--spans', options.spans)),
    wholeWords: options.wholeWords,
    dropout: options.dropout,
    optimizer: { ...PRETRAIN_RECIPE.optimizer, weightDecay: options.weightDecay, ema: options.ema },
    passTokens: options.passTokens,
  };
}

function rangeOr<T>(suited: T, option: string, given: string | undefined) {
  return given === undefined ? suited : parseIntegerRange(option, given);
}

type BudgetValues = Pick<RecipeValues, 'tokens' | 'steps' | 'minutes'>;

/** One of `--tokens`, `--steps`, `--minutes`; the recipe's default without any. */
export function budgetOf({ tokens, steps, minutes }: BudgetValues): PretrainRecipe['budget'] {
  const given = [tokens, steps, minutes].filter((value) => value !== undefined);
  if (given.length > 1) throw new UsageError('budget: expected one of --tokens, --steps and --minutes, got several.');
  if (tokens !== undefined) return { tokens };
  if (steps !== undefined) return { steps };
  return minutes === undefined ? PRETRAIN_RECIPE.budget : { minutes };
}

/** A preset's name or a JSON file with a config; `vocabSize` is the tokenizer's. */
export function configOf(nameOrPath: string, objective: 'mae' | 'mlm' | undefined, vocabSize: number): ModelConfig {
  const preset = (CONFIGS as Readonly<Record<string, ModelConfig>>)[nameOrPath];
  const config = validateConfig({ ...(preset ?? (readConfig(nameOrPath) as object)), vocabSize });
  return objective === 'mlm' && config.objective === 'mae' ? mlmControl(config) : config;
}

/** How many pieces a preset's vocabulary has, before there is a tokenizer. */
export function plannedVocabSize(nameOrPath: string): number {
  const preset = (CONFIGS as Readonly<Record<string, ModelConfig>>)[nameOrPath];
  return validateConfig(preset ?? readConfig(nameOrPath)).vocabSize;
}

function readConfig(path: string): unknown {
  return readJson('config', path, 'invalid_config', `${Object.keys(CONFIGS).join(', ')} or a JSON file`);
}
