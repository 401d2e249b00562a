/** Keeps two tabs from training one run: whoever holds its lock may write. It falls when the worker or its tab ends. */
import { LacunaError } from '@lacuna/core/errors';

const PREFIX = 'lacuna run ';

/** The runs that train right now, in any tab of this origin. */
export async function lockedRuns(): Promise<ReadonlySet<string>> {
  const { held = [] } = await navigator.locks.query();
  const names = held.map(({ name = '' }) => name).filter((name) => name.startsWith(PREFIX));
  return new Set(names.map((name) => name.slice(PREFIX.length)));
}

/** Takes the run's lock and gives what releases it. Throws `run_in_use`. */
export async function lockRun(name: string): Promise<() => void> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`${PREFIX}${name}`, { ifAvailable: true }, (lock) => {
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
