/** Keeps two tabs from training one run: whoever holds its lock may write. It falls when the worker or its tab ends. */
import { LacunaError } from '@lacuna/core/errors';

/** Takes the run's lock and gives what releases it. Throws `run_in_use`. */
export async function lockRun(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`lacuna run ${name}`, { ifAvailable: true }, (lock) => {
        if (lock) return new Promise<void>((release) => resolve(release));
        reject(
          new LacunaError(
            'run_in_use',
            `run: expected "${name}" to be free, got a run that trains in another tab. Stop it there first.`,
            { run: name },
          ),
        );
        return undefined;
      })
      .catch(reject);
  });
}
