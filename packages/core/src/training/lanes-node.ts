/** Lanes over worker threads in Node: one backend each. */
import { Worker } from 'node:worker_threads';
import { type LaneBackend, makeBackend } from './lane-backend-node.ts';
import type { LaneReply, LaneSetup } from './lane-messages.ts';
import { checkLanes, inlineLanes, type LaneGroup } from './lanes.ts';
import type { TaskSpec } from './task.ts';
import { ThreadedLanes } from './threaded-lanes.ts';

export interface LaneOptions {
  readonly lanes: number;
  readonly backend: LaneBackend;
  /** False posts gradients, as a page must that is not cross-origin isolated; true by default. */
  readonly shared?: boolean;
}

/** One lane computes in this thread; more get a worker thread each. */
export async function createLanes(task: TaskSpec, options: LaneOptions): Promise<LaneGroup> {
  const { lanes, backend, shared = true } = options;
  checkLanes(lanes, backend.name);
  if (lanes === 1) return inlineLanes(await makeBackend(backend), task);
  return new ThreadedLanes(task, {
    lanes,
    shared,
    start: (lane, memory, listener) => {
      const workerData = { lane, backend, task, shared: memory } satisfies LaneSetup<LaneBackend>;
      const worker = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData });
      worker.on('message', (reply: LaneReply) => listener.reply(reply));
      worker.on('error', (error) => listener.died(error instanceof Error ? error.message : String(error)));
      worker.on('exit', (code) => listener.died(`the thread ended with code ${code}`));
      return {
        post: (request, handed) => worker.postMessage(request, handed),
        close: () => worker.terminate(),
      };
    },
  });
}
