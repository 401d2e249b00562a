/** How a page asks a worker about models: what it posts, and answers that it may stop waiting for. */
import { LacunaError } from '@lacuna/core/errors';
import type { ModelInput } from '../training/inputs.ts';
import type { PostedModel } from './model-bytes.ts';

export interface Cancellable {
  readonly signal?: AbortSignal;
}

/** A model as it is posted: a worker elsewhere would read a relative address otherwise. */
export function postedModel(input: ModelInput): PostedModel {
  return input instanceof URL || typeof input === 'string' ? new URL(input, location.href).href : input;
}

/** The answer, unless the signal comes first: then `aborted`, and nobody waits for it. */
export async function cancellable<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return answer;
  answer.catch(() => {});
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(new LacunaError('aborted', 'model: the signal came.', {}, { cause: signal.reason }));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
