/** A model that answers in this browser: the methods of the HTTP client, in a worker, without a server. */

import { LacunaError } from '@lacuna/core/errors';
import type { ExplainOptions, Explanation } from '@lacuna/core/explain';
import type { LacunaClient } from '../client.ts';
import type { ModelInput } from '../training/inputs.ts';
import type { Candidate, ClassifyOptions, FillMaskOptions, LabelScore } from '../wire.ts';
import { RemoteWorker } from '../workers/remote.ts';
import type { ModelFacts, ModelService } from './model-worker.ts';

/** `model` in the options is for services that have several: here it is passed over. */
export interface LocalModel extends Pick<LacunaClient, 'fillMask' | 'classify'>, ModelFacts {
  /**
   * Why the model answers so: what each token adds to the answer (integrated gradients), and attention maps. The first call loads
   * what it takes. Throws what the answer would throw, and `unknown_label`.
   */
  explain(text: string, options?: ExplainOptions & Cancellable): Promise<Explanation>;
  /** Ends the worker and frees its memory. */
  close(): void;
}

interface Cancellable {
  readonly signal?: AbortSignal;
}

/**
 * Loads an artifact by its address, file or bytes. Throws `network`, `artifact_truncated`, `artifact_corrupt`,
 * `artifact_unsupported`, `backend_unavailable`, `aborted`.
 */
export async function loadModel(source: ModelInput, { signal }: Cancellable = {}): Promise<LocalModel> {
  const worker = new RemoteWorker<ModelService>(
    new Worker(new URL('./model-worker.ts', import.meta.url), { type: 'module', name: 'model' }),
  );
  try {
    const posted = source instanceof URL || typeof source === 'string' ? new URL(source, location.href).href : source;
    const facts = await cancellable(
      worker.call<ModelFacts>((service) => service.load(posted)),
      signal,
    );
    return { ...facts, ...methodsOf(worker), close: () => worker.close() };
  } catch (error) {
    worker.close();
    throw error;
  }
}

function methodsOf(worker: RemoteWorker<ModelService>): Pick<LocalModel, 'fillMask' | 'classify' | 'explain'> {
  async function fillMask(text: string, options?: FillMaskOptions & Cancellable): Promise<Candidate[][]>;
  async function fillMask(texts: readonly string[], options?: FillMaskOptions & Cancellable): Promise<Candidate[][][]>;
  async function fillMask(
    input: string | readonly string[],
    { signal, ...options }: FillMaskOptions & Cancellable = {},
  ) {
    const texts = typeof input === 'string' ? [input] : input;
    const answers = await cancellable(
      worker.call<Candidate[][][]>((service) => service.fillMask(texts, options)),
      signal,
    );
    return typeof input === 'string' ? answers[0] : answers;
  }

  async function classify(text: string, options?: ClassifyOptions & Cancellable): Promise<LabelScore[]>;
  async function classify(texts: readonly string[], options?: ClassifyOptions & Cancellable): Promise<LabelScore[][]>;
  async function classify(
    input: string | readonly string[],
    { signal, ...options }: ClassifyOptions & Cancellable = {},
  ) {
    const texts = typeof input === 'string' ? [input] : input;
    const answers = await cancellable(
      worker.call<LabelScore[][]>((service) => service.classify(texts, options)),
      signal,
    );
    return typeof input === 'string' ? answers[0] : answers;
  }
  const explain: LocalModel['explain'] = (text, { signal, ...options } = {}) =>
    cancellable(
      worker.call<Explanation>((service) => service.explain(text, options)),
      signal,
    );
  // The implementations answer one text or several; their overloads say which.
  return { fillMask, classify, explain } as ReturnType<typeof methodsOf>;
}

/** The answer, unless the signal comes first: then nobody waits for it. */
async function cancellable<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return answer;
  answer.catch(() => {});
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(new LacunaError('aborted', 'model: the signal came.', {}, { cause: signal.reason }));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
