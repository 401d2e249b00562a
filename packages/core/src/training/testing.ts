/** What tests of training runs share: the lanes that a run starts with. */
import { loadKernels } from '../backends/wasm/load-node.ts';
import type { LaneFactory } from './lanes.ts';
import { createLanes } from './lanes-node.ts';

/** So many lanes on the WASM backend: one in this thread, more in worker threads, with shared memory or without. */
export const wasmLanes =
  (lanes: number, shared = true): LaneFactory =>
  async (task) =>
    createLanes(task, { lanes, shared, backend: { name: 'wasm', module: await loadKernels() } });
