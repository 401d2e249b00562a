import { expect, it } from 'vitest';
import { CONFIGS, mlmControl, validateConfig } from './config.ts';

const { tiny } = CONFIGS;

it.each(Object.entries(CONFIGS))('the preset %s and its control are valid', (_name, config) => {
  expect(validateConfig(config)).toBe(config);
  expect(validateConfig(mlmControl(config))).toMatchObject({ objective: 'mlm', numDecoderLayers: 0 });
});

it.each([
  ['config', null],
  ['config', [tiny]],
  ['vocabSize', { ...tiny, vocabSize: 0 }],
  ['hiddenSize', { ...tiny, hiddenSize: 64.5 }],
  ['hiddenSize', { ...tiny, numAttentionHeads: 3 }],
  ['numHiddenLayers', { ...tiny, numHiddenLayers: undefined }],
  ['maxPositionEmbeddings', { ...tiny, maxPositionEmbeddings: 2 ** 25 }],
  ['numHiddenLayers', { ...tiny, numHiddenLayers: 257 }],
  ['numDecoderLayers', { ...tiny, numDecoderLayers: 257 }],
  ['objective', { ...tiny, objective: 'clm' }],
  ['numDecoderLayers', { ...tiny, numDecoderLayers: 0 }],
  ['numDecoderLayers', { ...tiny, numDecoderLayers: -1 }],
  ['numDecoderLayers', { ...mlmControl(tiny), numDecoderLayers: 1 }],
  ['decoderQueries', { ...tiny, decoderQueries: 'random' }],
  ['decoderAttention', { ...tiny, decoderAttention: 'both' }],
  ['tieWordEmbeddings', { ...tiny, tieWordEmbeddings: 1 }],
  ['ropeTheta', { ...tiny, ropeTheta: Number.POSITIVE_INFINITY }],
  ['normEps', { ...tiny, normEps: 0 }],
  ['maskTokenId', { ...tiny, maskTokenId: tiny.vocabSize }],
])('a config whose %s is off is refused by that name', (field, config) => {
  expect(() => validateConfig(config)).toThrow(
    expect.objectContaining({ code: 'invalid_config', facts: expect.objectContaining({ field }) }),
  );
});
