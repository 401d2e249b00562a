/** The page's side of comparing models: each question gets a worker of its own, which ends with its answer. */
import type { ModelConfig } from '@lacuna/core';
import type {
  CompareOptions,
  Comparison,
  HeldOutExample,
  QuantizationReport,
  ShapeTiming,
} from '@lacuna/core/comparison';
import { proxy, type Remote } from 'comlink';
import type { ModelInput } from '../training/inputs.ts';
import { type Cancellable, cancellable, postedModel } from '../workers/asking.ts';
import type { Outcome } from '../workers/outcome.ts';
import { RemoteWorker } from '../workers/remote.ts';
import type { CompareService } from './compare-worker.ts';

export type CompareModelsOptions = CompareOptions;

/**
 * Asks two models the same of held-out examples: to fill the same gaps, which a seed draws, or to label the same texts.
 * Throws `invalid_argument` for models that do not answer alike, `unknown_label`, `empty_text`, `aborted`, and what loading throws.
 */
export function compareModels(
  first: ModelInput,
  second: ModelInput,
  examples: readonly HeldOutExample[],
  { signal, onProgress, ...options }: CompareModelsOptions = {},
): Promise<Comparison> {
  const tell = onProgress && proxy(onProgress);
  return asked((service) => service.compare(postedModel(first), postedModel(second), examples, options, tell), signal);
}

/** What int8 does to the weights of a float artifact, tensor by tensor. Throws what loading throws, `invalid_argument` for int8. */
export function int8Report(model: ModelInput, { signal }: Cancellable = {}): Promise<QuantizationReport> {
  return asked((service) => service.int8Report(postedModel(model)), signal);
}

/**
 * How fast an int8 model of this shape, with the vocabulary and labels of `like`, answers for `text` on this machine: one
 * with random weights is made and timed. Throws `empty_text`, `invalid_config`, `aborted`, and what loading throws.
 */
export function timeShape(
  like: ModelInput,
  config: ModelConfig,
  text: string,
  { signal }: Cancellable = {},
): Promise<ShapeTiming> {
  return asked((service) => service.timeShape(postedModel(like), config, text), signal);
}

async function asked<T>(
  question: (service: Remote<CompareService>) => Promise<Outcome<T>>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const worker = new RemoteWorker<CompareService>(
    new Worker(new URL('./compare-worker.ts', import.meta.url), { type: 'module', name: 'compare' }),
  );
  try {
    return await cancellable(worker.call<T>(question), signal);
  } finally {
    worker.close();
  }
}
