/** One training step of a fixed shape, repeatable: what `bench train` and `bench objective` time. */
import {
  ADAMW,
  freshReplica,
  type LaneGroup,
  type MaskedBatch,
  type ModelConfig,
  type SampleShape,
  type StepOptions,
  sampleBatch,
} from '@lacuna/core';
import { createLanes, loadKernels } from '@lacuna/core/node';

/**
 * Floating-point operations of the step's products, a multiply-add counted as two: forward once, backward twice.
 * Norms, activations, softmaxes, the optimizer and all that is computed again are not counted.
 */
export function stepFlops({ config }: SampleShape, batch: MaskedBatch): number {
  const { hiddenSize: C, intermediateSize: F, numHiddenLayers, numDecoderLayers, vocabSize: V, objective } = config;
  const { batchSize: B, visibleLength: Tv, gapLength: G } = batch;
  const T = objective === 'mae' ? Tv : Tv + G;
  const feedForward = 3 * C * F;
  const encoder = numHiddenLayers * B * (T * (4 * C * C + feedForward) + 2 * T * T * C);
  const vocabulary = B * G * V * C;
  if (objective === 'mlm') return 3 * 2 * (encoder + vocabulary);
  const seeds = config.decoderQueries === 'seeded' ? B * G * 2 * C * C : 0;
  const all = Tv + G;
  const decoder =
    numDecoderLayers *
    B *
    (config.decoderAttention === 'self'
      ? all * (4 * C * C + feedForward) + 2 * all * all * C
      : G * (2 * C * C + feedForward) + Tv * 2 * C * C + 2 * G * Tv * C);
  return 3 * 2 * (encoder + seeds + decoder + vocabulary);
}

export interface PreparedStep {
  readonly batch: MaskedBatch;
  /** Takes one step on the same batch and returns its loss. */
  step(): Promise<number>;
  /** Those of the next step, for whoever takes it by hand. */
  options(): StepOptions;
  readonly group: LaneGroup;
}

/** Lanes over our kernels with a fresh model. */
export async function preparedStep(
  shape: SampleShape,
  lanes: number,
  kernels: 'auto' | 'simd' | 'relaxed',
): Promise<PreparedStep> {
  const backend = { name: 'wasm', module: await loadKernels(kernels) } as const;
  return prepare(shape, await createLanes({ kind: 'masked', config: shape.config }, { lanes, backend }));
}

/** Lanes of any kind with a fresh model. */
export async function prepare(shape: SampleShape, group: LaneGroup): Promise<PreparedStep> {
  const { config } = shape;
  await group.write(freshReplica(config, 1));
  const batch = sampleBatch(shape);
  const passTokens = shape.batchSize * shape.length;
  let done = 0;
  const options = (): StepOptions => ({ step: ++done, learningRate: 1e-3, optimizer: ADAMW, seed: 1, passTokens });
  const step = async () => (await group.step(batch, options())).loss;
  await checkedWarmUp(`${config.objective} on ${group.lanes} lanes`, config, step);
  return { batch, group, step, options };
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
