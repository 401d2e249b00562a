/** The page's side of a run: starts its worker, listens to it, and passes on what the page wants. */
import { RemoteWorker } from '../workers/remote.ts';
import { EventQueue } from './event-queue.ts';
import type { DoneEvent, TrainerEvent } from './events.ts';
import type { ExportOptions, TrainerOptions } from './options.ts';
import { orderOf } from './order.ts';
import { checkRunName } from './run-folder.ts';
import type { TrainerService } from './trainer-worker.ts';

/** A run in a worker. It trains whether or not someone listens; all methods throw `LacunaError` with a stable `code`. */
export interface Trainer {
  /** Every event once, from the first: for one listener. Ends after `done`, or throws what ended the run. */
  readonly events: AsyncIterable<TrainerEvent>;
  /** The last event. Rejects with what ended the run. */
  readonly done: Promise<DoneEvent>;
  /** Saves, then stands still; resolves when it does. A time budget stands still as well. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Saves and ends the run; resolves when it has ended. A run with a name can be resumed. */
  stop(): Promise<void>;
  /** Saves now. Throws `disk_full`, `write_failed`: the checkpoint before is there still. */
  save(): Promise<void>;
  /** The model as of now as an artifact: what `loadModel` and the edge service read. */
  export(options?: ExportOptions): Promise<Uint8Array>;
  /** Ends the worker and frees its memory at once, without saving; the events end, and `done` rejects with `aborted`. */
  close(): void;
}

/**
 * Pre-trains, fine-tunes or distils a model in a Web Worker, or goes on with a run that was kept.
 * Throws `invalid_argument` for a run's name; all else that fails comes out of the events.
 */
export function createTrainer(options: TrainerOptions): Trainer {
  if (options.run !== undefined) checkRunName(options.run);
  const worker = new RemoteWorker<TrainerService>(
    new Worker(new URL('./trainer-worker.ts', import.meta.url), { type: 'module', name: 'trainer' }),
  );
  const queue = new EventQueue<TrainerEvent>();
  const done = listen(worker, options, queue);
  done.catch(() => {}); // comes out of the events as well
  const ask = (what: 'pause' | 'resume' | 'save' | 'stop') => worker.call<void>((service) => service[what]());
  const stop = async () => {
    await ask('stop');
    await done.catch(() => {}); // whoever wants to know why it ended asks for the events
  };
  options.signal?.addEventListener('abort', () => void stop().catch(() => {}), { once: true });
  return {
    events: eventsOf(queue),
    done,
    pause: () => ask('pause'),
    resume: () => ask('resume'),
    save: () => ask('save'),
    stop,
    export: (exportOptions = {}) => worker.call<Uint8Array>((service) => service.export(exportOptions)),
    close: () => {
      queue.end();
      worker.close();
    },
  };
}

async function listen(
  worker: RemoteWorker<TrainerService>,
  options: TrainerOptions,
  queue: EventQueue<TrainerEvent>,
): Promise<DoneEvent> {
  let last: DoneEvent | undefined;
  try {
    const { order, pulls } = orderOf(options);
    await worker.call(async (service) => ({ value: await service.begin(order, ...pulls) }));
    if (options.signal?.aborted) await worker.call((service) => service.stop());
    for (;;) {
      const events = await worker.call((service) => service.next());
      if (!events) break;
      for (const event of events) {
        if (event.type === 'done') last = event;
        queue.push(event);
      }
    }
    queue.end();
  } catch (error) {
    queue.end({ error });
    throw error;
  }
  return last as DoneEvent;
}

async function* eventsOf(queue: EventQueue<TrainerEvent>): AsyncGenerator<TrainerEvent, void, void> {
  for (let events = await queue.take(); events !== undefined; events = await queue.take()) yield* events;
}
