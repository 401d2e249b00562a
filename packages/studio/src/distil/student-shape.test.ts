import {
  CONFIGS,
  embeddedSource,
  initialParameters,
  Random,
  readArtifact,
  Tokenizer,
  trainTokenizer,
  writeArtifact,
} from '@lacuna/core';
import { expect, it } from 'vitest';
import { around } from './around.ts';
import { shapeChoices, weightOf } from './student-shape.ts';

const config = { ...CONFIGS.tiny, vocabSize: 0 };

it.each(['fill-mask', 'classification'] as const)(
  'what a %s student would weigh is what its file holds',
  async (task) => {
    const tokenizer = await trainTokenizer(embeddedSource().lines(), { vocabSize: 128, maxBytes: 20_000 });
    const shape = { ...config, vocabSize: Tokenizer.fromJSON(tokenizer).vocabSize, numHiddenLayers: 1 };
    const labels = task === 'classification' ? ['bad', 'good'] : [];
    const head = labels.length > 0 ? { numLabels: labels.length } : undefined;
    const params = initialParameters(shape, new Random(1), head);
    const bytes = await writeArtifact({
      name: 'm',
      config: shape,
      head,
      labels,
      tokenizer,
      params,
      quantization: 'int8',
    });
    const { weights } = await readArtifact(bytes);
    const stored = Object.values(weights).reduce(
      (sum, weight) => sum + weight.values.byteLength + (weight.kind === 'int8' ? weight.scales.byteLength : 0),
      0,
    );
    const weighed = weightOf({ task, labels }, shape);
    expect(weighed.int8Bytes).toBe(stored);
    expect(weighed.parameters).toBe(Object.values(params).reduce((sum, values) => sum + values.length, 0));
  },
);

it('offers as many layers as the teacher has, and widths that its heads divide', () => {
  expect(shapeChoices(CONFIGS.base)).toEqual({
    encoder: [1, 2, 3, 4, 5, 6],
    decoder: [1, 2, 3, 4],
    hiddenSize: [192, 144, 96, 48],
  });
  expect(shapeChoices({ ...CONFIGS.tiny, objective: 'mlm', numDecoderLayers: 0 })).toMatchObject({
    decoder: [],
    hiddenSize: [64, 48, 32, 16],
  });
});

it('a gap stands between what is before and after it, other gaps are dots, and the rest is cut', () => {
  expect(around('The [MASK] sat on the [MASK].', 1)).toEqual({ before: 'The … sat on the ', after: '.' });
  const { before, after } = around(`${'a'.repeat(60)} [MASK] ${'b'.repeat(60)}`, 0);
  expect([before.length, after.length]).toEqual([49, 49]);
});
