/** Asking the bucket: what it does not answer in time, or answers with a failure of its own, is `unavailable`. */
import { LacunaError } from '@lacuna/core/errors';
import { within } from './deadline.ts';
import { MAX_LOAD_MS } from './limits.ts';

/** `where`: what is asked for, as errors begin. */
export async function asked<T>(where: string, work: Promise<T>): Promise<T> {
  try {
    return await within(work, MAX_LOAD_MS, () => new Error(`no answer within ${MAX_LOAD_MS} ms`));
  } catch (cause) {
    if (cause instanceof LacunaError) throw cause;
    throw new LacunaError('unavailable', `${where}: the storage does not answer. Try again later.`, {}, { cause });
  }
}
