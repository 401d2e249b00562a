/** Long loops that wait for nothing outside never let a signal, a timer or a message through by themselves. */
import { LacunaError } from '../errors.ts';

const EVERY_MS = 200;

/** Gives the event loop a turn now and then, so that Ctrl-C and a page's buttons are heard. */
export class Pauses {
  #last = performance.now();

  /** Call it once a round. Throws `aborted` when a signal is given and says so. */
  async take(signal?: AbortSignal): Promise<void> {
    if (performance.now() - this.#last >= EVERY_MS) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.#last = performance.now();
    }
    if (signal?.aborted) throw new LacunaError('aborted', 'stopped before the end.', {}, { cause: signal.reason });
  }
}
