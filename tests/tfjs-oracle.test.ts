import {
  CONFIGS,
  initialParameters,
  type MaskedBatch,
  type ModelConfig,
  maskWindows,
  mlmControl,
  type Ops,
  type Params,
  parameterShapes,
  Random,
  type Tensor,
  type TextBatch,
  type TrainableOps,
} from '@lacuna/core';
import { createWasmBackend, loadKernels, referenceBackend } from '@lacuna/core/node';
import { describe, expect, it } from 'vitest';
import { distance, tapeGradient } from '../packages/core/src/autograd/gradient-check.ts';
import { classificationLoss } from '../packages/core/src/losses/classification.ts';
import { maskedLoss } from '../packages/core/src/losses/masked.ts';
import * as oracle from './tfjs-model.ts';

const MAE: ModelConfig = {
  ...CONFIGS.tiny,
  vocabSize: 67,
  hiddenSize: 24,
  numAttentionHeads: 3,
  intermediateSize: 20,
};
const Z_LOSS = 0.01;
const [B, T] = [3, 17];

function gaps(): MaskedBatch {
  const random = new Random(3);
  const ids = Int32Array.from({ length: B * T }, () => 5 + random.integer(MAE.vocabSize - 5));
  const never = () => false;
  return maskWindows(ids, B, T, { ratio: 0.35, spans: [1, 3], isSpecial: never, isContinuation: never }, random);
}

function texts(): TextBatch {
  const random = new Random(4);
  const inputIds = Int32Array.from({ length: B * T }, () => 5 + random.integer(MAE.vocabSize - 5));
  const targets = Float32Array.of(1, 0, 0, 0, 0.25, 0.75, 0, 1, 0);
  return { kind: 'text', batchSize: B, length: T, inputIds, lengths: Int32Array.of(17, 5, 11), targets };
}

/** Weights larger than a fresh model's, so that nothing is nearly linear. */
function drawn(config: ModelConfig, numLabels?: number): Record<string, Float32Array> {
  const head = numLabels === undefined ? undefined : { numLabels };
  const values = initialParameters(config, new Random(1), head);
  const random = new Random(2);
  return Object.fromEntries(
    Object.entries(values).map(([name, array]) => [name, array.map((x) => Math.fround(2 * x + 0.1 * random.normal()))]),
  );
}

const backends: readonly (readonly [string, () => Promise<TrainableOps>])[] = [
  ['reference', async () => referenceBackend()],
  ['wasm simd', async () => createWasmBackend(await loadKernels('simd'))],
  ['wasm relaxed', async () => createWasmBackend(await loadKernels('relaxed'))],
];

async function compare(
  makeBackend: () => Promise<TrainableOps>,
  shapes: Readonly<Record<string, readonly number[]>>,
  values: Readonly<Record<string, Float32Array>>,
  ours: (ops: Ops, params: Params) => Tensor,
  theirs: Parameters<typeof oracle.lossAndGradients>[2],
): Promise<void> {
  const expected = await oracle.lossAndGradients(shapes, values, theirs);
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, values: values[name] as Float32Array }]),
  );
  const { value, gradients } = await tapeGradient(await makeBackend(), ours, inputs);
  expect(value).toBeCloseTo(expected.loss, 4);
  for (const [name, gradient] of Object.entries(expected.gradients)) {
    expect([name, distance(gradients[name] ?? [], gradient)]).toEqual([name, expect.closeTo(0, 3)]);
    expect([name, gradient.some((g) => Math.abs(g) > 1e-6)]).toEqual([name, true]);
  }
}

describe.each(backends)('gradients of the whole model on %s equal those of TensorFlow.js', (_name, makeBackend) => {
  it.each([
    ['masked autoencoder', MAE],
    ['masked autoencoder with plain queries', { ...MAE, decoderQueries: 'plain' } as const],
    ['masked autoencoder whose decoder attends to all', { ...MAE, decoderAttention: 'self' } as const],
    ['masked autoencoder with two tables', { ...MAE, tieWordEmbeddings: false }],
    ['masked-LM control', mlmControl(MAE)],
  ])('%s', async (_objective, config) => {
    const batch = gaps();
    await compare(
      makeBackend,
      parameterShapes(config),
      drawn(config),
      (ops, params) => maskedLoss(ops, params, config, batch, Z_LOSS),
      (weights) => oracle.maskedLoss(weights, config, batch, Z_LOSS),
    );
  });

  it.each([
    ['classifier of one label a text', false],
    ['classifier of several labels a text', true],
  ])('%s', async (_kind, multiLabel) => {
    const batch = texts();
    const options = { multiLabel, logitsWeight: 0 };
    await compare(
      makeBackend,
      parameterShapes(MAE, { numLabels: 3 }),
      drawn(MAE, 3),
      (ops, params) => classificationLoss(ops, params, MAE, batch, options),
      (weights) => oracle.classificationLoss(weights, MAE, batch, multiLabel),
    );
  });
});
