/** Lanes over Web Workers: one backend each. They may be started from a page or from another worker. */
import { type BrowserBackend, makeBrowserBackend } from '../backends/load-browser.ts';
import type { LaneReply, LaneSetup } from './lane-messages.ts';
import { checkLanes, inlineLanes, type LaneGroup } from './lanes.ts';
import type { TaskSpec } from './task.ts';
import { ThreadedLanes } from './threaded-lanes.ts';

export interface BrowserLaneOptions {
  readonly lanes: number;
  readonly backend: BrowserBackend;
  /** Whether memory can be shared (`hasSharedMemory`); without it gradients are posted. */
  readonly shared: boolean;
}

/** One lane computes in this thread, which then should be no page's; more get a Web Worker each. */
export async function createBrowserLanes(task: TaskSpec, options: BrowserLaneOptions): Promise<LaneGroup> {
  const { lanes, backend, shared } = options;
  checkLanes(lanes, backend.name);
  if (lanes === 1) return inlineLanes(await makeBrowserBackend(backend), task);
  return new ThreadedLanes(task, {
    lanes,
    shared,
    start: (lane, memory, listener) => {
      const worker = new Worker(new URL('./lane-worker.ts', import.meta.url), { type: 'module', name: `lane ${lane}` });
      worker.onmessage = ({ data }: MessageEvent<LaneReply>) => listener.reply(data);
      worker.onerror = ({ message }) => listener.died(message || 'its script could not be loaded');
      worker.postMessage({ lane, backend, task, shared: memory } satisfies LaneSetup<BrowserBackend>);
      return {
        post: (request, handed) => worker.postMessage(request, handed),
        close: () => {
          worker.terminate();
          return undefined;
        },
      };
    },
  });
}
