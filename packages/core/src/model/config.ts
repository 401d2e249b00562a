/** The model's shape: Hugging Face names where they have one. Presets `tiny`, `small`, `base` and checks. */
import { LacunaError } from '../errors.ts';

export interface ModelConfig {
  /** `mae` removes tokens and decodes them; `mlm` masks them inside the encoder (the control). */
  readonly objective: 'mae' | 'mlm';
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** GeGLU's inner width F. */
  readonly intermediateSize: number;
  /** 0 for `mlm`. */
  readonly numDecoderLayers: number;
  /**
   * `cross`: the gaps attend to the encoder's output (CrossMAE, arXiv 2401.14391); `self`: gaps and visible tokens attend to
   * each other (MAE-LM, arXiv 2302.02060), at a higher cost. Default `cross`.
   */
  readonly decoderAttention?: 'cross' | 'self';
  /** `seeded`: learned vector plus linear maps of the nearest visible neighbours; `plain`: learned vector alone. */
  readonly decoderQueries: 'seeded' | 'plain';
  /** Whether one table embeds tokens and predicts them; false gives the prediction a table of its own. Default true. */
  readonly tieWordEmbeddings?: boolean;
  /** The longest text, in tokens. */
  readonly maxPositionEmbeddings: number;
  readonly ropeTheta: number;
  readonly normEps: number;
  readonly padTokenId: number;
  readonly sepTokenId: number;
  readonly maskTokenId: number;
}

/** Ids of the special tokens in every vocabulary that Lacuna trains: `[PAD] [UNK] [CLS] [SEP] [MASK]`. */
export const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

const COMMON = {
  objective: 'mae',
  decoderQueries: 'seeded',
  maxPositionEmbeddings: 512,
  ropeTheta: 10_000,
  normEps: 1e-6,
  padTokenId: 0,
  sepTokenId: 3,
  maskTokenId: 4,
} as const;

/** Named shapes; `vocabSize` gives way to the tokenizer's, `maxPositionEmbeddings` to the longest window trained on. */
export const CONFIGS: Readonly<Record<'tiny' | 'small' | 'base' | 'bench', ModelConfig>> = {
  tiny: {
    ...COMMON,
    vocabSize: 1024,
    hiddenSize: 64,
    numHiddenLayers: 2,
    numAttentionHeads: 2,
    intermediateSize: 128,
    numDecoderLayers: 2,
  },
  small: {
    ...COMMON,
    vocabSize: 8192,
    hiddenSize: 128,
    numHiddenLayers: 3,
    numAttentionHeads: 2,
    intermediateSize: 352,
    numDecoderLayers: 3,
  },
  base: {
    ...COMMON,
    vocabSize: 8192,
    hiddenSize: 192,
    numHiddenLayers: 6,
    numAttentionHeads: 3,
    intermediateSize: 512,
    numDecoderLayers: 4,
  },
  /** The shape that `lacuna bench train` times: 6 encoder and 2 decoder layers. */
  bench: {
    ...COMMON,
    vocabSize: 8192,
    hiddenSize: 192,
    numHiddenLayers: 6,
    numAttentionHeads: 3,
    intermediateSize: 512,
    numDecoderLayers: 2,
  },
};

const POSITIVE_INTEGERS = [
  'vocabSize',
  'hiddenSize',
  'numHiddenLayers',
  'numAttentionHeads',
  'intermediateSize',
  'maxPositionEmbeddings',
] as const;

/** A few bytes of a file may name many layers, and each is a dozen of names and shapes. */
const MAX_LAYERS = 256;

/** Returns `value` as a config, or throws `invalid_config` naming the first field that is off. */
export function validateConfig(value: unknown): ModelConfig {
  const fail = (field: string, expected: string, got: unknown): never => {
    throw new LacunaError('invalid_config', `config: ${field} must be ${expected}, got ${JSON.stringify(got)}.`, {
      field,
      expected,
      got,
    });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail('config', 'an object', value);
  const config = value as ModelConfig;
  for (const field of POSITIVE_INTEGERS) {
    const n: unknown = config[field];
    if (!Number.isInteger(n) || (n as number) < 1 || (n as number) > 1 << 24) fail(field, 'a positive integer', n);
  }
  if (config.objective !== 'mae' && config.objective !== 'mlm') fail('objective', '"mae" or "mlm"', config.objective);
  if (config.numHiddenLayers > MAX_LAYERS) fail('numHiddenLayers', `at most ${MAX_LAYERS}`, config.numHiddenLayers);
  const layers: unknown = config.numDecoderLayers;
  if (!Number.isInteger(layers) || (layers as number) < 0 || (layers as number) > MAX_LAYERS) {
    fail('numDecoderLayers', `an integer from 0 to ${MAX_LAYERS}`, layers);
  }
  if (config.objective === 'mae' && config.numDecoderLayers < 1)
    fail('numDecoderLayers', '1 or more for "mae"', layers);
  if (config.objective === 'mlm' && config.numDecoderLayers !== 0) fail('numDecoderLayers', '0 for "mlm"', layers);
  if (config.decoderQueries !== 'seeded' && config.decoderQueries !== 'plain') {
    fail('decoderQueries', '"seeded" or "plain"', config.decoderQueries);
  }
  if (!['cross', 'self', undefined].includes(config.decoderAttention)) {
    fail('decoderAttention', '"cross" or "self"', config.decoderAttention);
  }
  if (!['boolean', 'undefined'].includes(typeof config.tieWordEmbeddings)) {
    fail('tieWordEmbeddings', 'true or false', config.tieWordEmbeddings);
  }
  if (config.hiddenSize % (2 * config.numAttentionHeads) !== 0) {
    fail('hiddenSize', `a multiple of 2 × numAttentionHeads (${2 * config.numAttentionHeads})`, config.hiddenSize);
  }
  for (const field of ['ropeTheta', 'normEps'] as const) {
    const n: unknown = config[field];
    if (typeof n !== 'number' || !(n > 0) || !Number.isFinite(n)) fail(field, 'a positive number', n);
  }
  for (const field of ['padTokenId', 'sepTokenId', 'maskTokenId'] as const) {
    const id: unknown = config[field];
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= config.vocabSize)
      fail(field, 'a token id', id);
  }
  return config;
}

/** The masked-LM control with the same encoder. */
export function mlmControl(config: ModelConfig): ModelConfig {
  return { ...config, objective: 'mlm', numDecoderLayers: 0 };
}
