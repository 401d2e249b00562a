/** One training step of a fixed shape, repeatable: what `bench train` and `bench objective` time. */
import {
  ADAMW,
  initialParameters,
  type LaneGroup,
  type MaskedBatch,
  type ModelConfig,
  maskWindows,
  parameterShapes,
  Random,
} from '@lacuna/core';
import { createLanes, loadKernels } from '@lacuna/core/node';

export interface StepShape {
  readonly config: ModelConfig;
  readonly batchSize: number;
  readonly length: number;
  readonly ratio: number;
}

/** A batch of random pieces with single gaps; the same for the same shape. */
export function randomBatch({ config, batchSize, length, ratio }: StepShape): MaskedBatch {
  const random = new Random(1);
  const ids = Int32Array.from({ length: batchSize * length }, () => 5 + random.integer(config.vocabSize - 5));
  const never = () => false;
  const masking = { ratio, spans: [1, 1] as const, isSpecial: never, isContinuation: never };
  return maskWindows(ids, batchSize, length, masking, random);
}

/**
 * Floating-point operations of the step's products, a multiply-add counted as two: forward once, backward twice.
 * Norms, activations, softmaxes, the optimizer and all that is computed again are not counted.
 */
export function stepFlops({ config }: StepShape, batch: MaskedBatch): number {
  const { hiddenSize: C, intermediateSize: F, numHiddenLayers, numDecoderLayers, vocabSize: V, objective } = config;
  const { batchSize: B, visibleLength: Tv, gapLength: G } = batch;
  const T = objective === 'mae' ? Tv : Tv + G;
  const feedForward = 3 * C * F;
  const encoder = numHiddenLayers * B * (T * (4 * C * C + feedForward) + 2 * T * T * C);
  const vocabulary = B * G * V * C;
  if (objective === 'mlm') return 3 * 2 * (encoder + vocabulary);
  const seeds = config.decoderQueries === 'seeded' ? B * G * 2 * C * C : 0;
  const decoder = numDecoderLayers * B * (G * (2 * C * C + feedForward) + Tv * 2 * C * C + 2 * G * Tv * C);
  return 3 * 2 * (encoder + seeds + decoder + vocabulary);
}

/** Lanes with a fresh model, and a function that takes one step on the same batch. */
export async function preparedStep(
  shape: StepShape,
  lanes: number,
  kernels: 'auto' | 'simd' | 'relaxed',
): Promise<{ readonly batch: MaskedBatch; step(): Promise<number>; readonly group: LaneGroup }> {
  const { config } = shape;
  const backend = { name: 'wasm', module: await loadKernels(kernels) } as const;
  const group = await createLanes({ kind: 'masked', config }, { lanes, backend });
  const initial = initialParameters(config, new Random(1));
  const parameters = new Float32Array(Object.values(initial).reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const name of Object.keys(parameterShapes(config))) {
    const values = initial[name] as Float32Array;
    parameters.set(values, offset);
    offset += values.length;
  }
  const zeros = new Float32Array(parameters.length);
  await group.write({ parameters, m: zeros, v: zeros, ema: parameters });
  const batch = randomBatch(shape);
  const passTokens = shape.batchSize * shape.length;
  let done = 0;
  const step = async () => {
    const options = { step: ++done, learningRate: 1e-3, optimizer: ADAMW, seed: 1, passTokens };
    return (await group.step(batch, options)).loss;
  };
  await checkedWarmUp(`${config.objective} on ${lanes} lanes`, config, step);
  return { batch, group, step };
}

/**
 * Takes the first steps and checks what they compute: an untrained model's loss is near that of guessing, ln V, and
 * steps on one batch bring it down.
 */
export async function checkedWarmUp(
  name: string,
  { vocabSize }: ModelConfig,
  step: () => Promise<number>,
): Promise<void> {
  const losses = [await step(), await step(), await step()] as const;
  const guessing = Math.log(vocabSize);
  if (Math.abs(losses[0] - guessing) < 1 && losses[2] < losses[0]) return;
  throw new Error(
    `bench: ${name} must start near a loss of ${guessing.toFixed(2)} and go down, got ${losses.join(', ')}.`,
  );
}
