/** Ctrl-C in two steps: the first asks the work to stop at a good moment, the second ends the process at once. */
import type { EventEmitter } from 'node:events';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal and a wrapping process may both deliver the same Ctrl-C. */
const SAME_PRESS_MS = 300;

export interface Interrupt {
  readonly signal: AbortSignal;
  stop(): void;
}

/** Listens on `source` (the process) until `stop`. `onFirst` may tell the user what happens now. */
export function listenForInterrupt(
  source: EventEmitter & { exit(code: number): void },
  onFirst: () => void,
  now: () => number = Date.now,
): Interrupt {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const listener = () => {
    if (firstAt === undefined) {
      firstAt = now();
      controller.abort();
      onFirst();
    } else if (now() - firstAt > SAME_PRESS_MS) {
      source.exit(130);
    }
  };
  for (const name of SIGNALS) source.on(name, listener);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of SIGNALS) source.off(name, listener);
    },
  };
}
