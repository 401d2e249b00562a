/** A worker and what it exposes, as a page holds it: calls that give values or typed errors, also when the worker dies. */
import { LacunaError } from '@lacuna/core/errors';
import { type Remote, releaseProxy, wrap } from 'comlink';
import { type Outcome, unwrapped } from './outcome.ts';

export class RemoteWorker<Service> {
  readonly #worker: Worker;
  readonly #service: Remote<Service>;
  readonly #died: Promise<never>;
  #die: (error: LacunaError) => void = () => {};

  constructor(worker: Worker) {
    this.#worker = worker;
    this.#service = wrap<Service>(worker);
    this.#died = new Promise((_, reject) => {
      this.#die = reject;
      worker.onerror = ({ message, filename, lineno }) => {
        const got = message ? `"${message}" at ${filename}:${lineno}` : 'a script that could not be loaded';
        reject(
          new LacunaError('internal', `worker: expected it to run, got ${got}. Are the SDK's files served?`, {
            message,
          }),
        );
      };
    });
    this.#died.catch(() => {}); // told to whoever calls
  }

  async call<T>(ask: (service: Remote<Service>) => Promise<Outcome<T>>): Promise<T> {
    return unwrapped(await Promise.race([ask(this.#service), this.#died]));
  }

  /** Ends the worker, whatever it does: calls that wait for it throw `aborted`. */
  close(): void {
    this.#die(new LacunaError('aborted', 'worker: it was closed before it answered.'));
    this.#service[releaseProxy]();
    this.#worker.terminate();
  }
}
