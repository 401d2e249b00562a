/** A model that answers in this browser: the methods of the HTTP client, in a worker, without a server. */

import { LacunaError } from '@lacuna/core/errors';
import type { ExplainOptions, Explanation } from '@lacuna/core/explain';
import type { Ask, LacunaClient } from '../client.ts';
import type { ModelInput } from '../training/inputs.ts';
import type { Candidate, ClassifyOptions, Filled, FillMaskOptions, LabelScore } from '../wire.ts';
import { type Cancellable, cancellable, postedModel } from '../workers/asking.ts';
import { RemoteWorker } from '../workers/remote.ts';
import type { ModelFacts, ModelService } from './model-worker.ts';

/** `model` in the options is for services that have several: here it is passed over. */
export interface LocalModel extends Pick<LacunaClient, 'fillMask' | 'fillOneByOne' | 'classify'>, ModelFacts {
  /**
   * Why the model answers so: what each token adds to the answer (integrated gradients), and attention maps. The first call loads
   * what it takes. Throws what the answer would throw, and `unknown_label`.
   */
  explain(text: string, options?: ExplainOptions & Cancellable): Promise<Explanation>;
  /** Ends the worker and frees its memory. */
  close(): void;
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
    const posted = postedModel(source);
    const facts = await cancellable(
      worker.call<ModelFacts>((service) => service.load(posted)),
      signal,
    );
    return {
      ...facts,
      fillMask: ask<FillMaskOptions, Candidate[][]>((...asked) =>
        worker.call<Candidate[][][]>((service) => service.fillMask(...asked)),
      ),
      fillOneByOne: ask<FillMaskOptions, Filled>((...asked) =>
        worker.call<Filled[]>((service) => service.fillOneByOne(...asked)),
      ),
      classify: ask<ClassifyOptions, LabelScore[]>((...asked) =>
        worker.call<LabelScore[][]>((service) => service.classify(...asked)),
      ),
      explain: (text, { signal: until, ...options } = {}) =>
        cancellable(
          worker.call<Explanation>((service) => service.explain(text, options)),
          until,
        ),
      close: () => worker.close(),
    };
  } catch (error) {
    worker.close();
    throw error;
  }
}

/** A method for one text or several out of a worker's method for several. */
function ask<Options extends object, Result>(
  call: (texts: readonly string[], options: Options) => Promise<Result[]>,
): Ask<Options, Result> {
  const asked = async (
    input: string | readonly string[],
    given: Options & Cancellable & { readonly partial?: boolean },
  ) => {
    const { signal, partial = false, ...rest } = given ?? {};
    const options = rest as Options;
    if (typeof input === 'string') return (await cancellable(call([input], options), signal))[0];
    if (!partial) return cancellable(call(input, options), signal);
    const answers = input.map((text) => call([text], options).then(([answer]) => answer, refusalOf));
    return cancellable(Promise.all(answers), signal);
  };
  return asked as Ask<Options, Result>;
}

/** What stands in the place of an answer; what is wrong with the model and not with a text is thrown. */
function refusalOf(error: unknown): LacunaError {
  if (error instanceof LacunaError && error.code !== 'internal' && error.code !== 'aborted') return error;
  throw error;
}
