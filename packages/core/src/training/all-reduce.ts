/**
 * The sum of all lanes' gradients over shared memory, in a fixed order: the same bits whatever the lanes' timing.
 *
 *     control   Int32    arrived | round | failed
 *     losses    Float64  one a lane
 *     slots     Float32  lane 0: n values | lane 1: n values | …
 *
 * Every lane writes its gradient to its slot; barrier; lane l adds its own l-th slice of all other slots, in lane
 * order, to slot 0; barrier; all read slot 0.
 */
import { LacunaError } from '../errors.ts';

const ARRIVED = 0;
const ROUND = 1;
const FAILED = 2;

/** What the lanes share: postable. */
export interface SharedGradients {
  readonly lanes: number;
  readonly size: number;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly losses: Float64Array<SharedArrayBuffer>;
  readonly slots: Float32Array<SharedArrayBuffer>;
}

/** Whether lanes can share memory: always in Node, in a browser where the page is cross-origin isolated. */
export function hasSharedMemory(): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && (globalThis.crossOriginIsolated ?? true);
}

export function sharedGradients(lanes: number, size: number): SharedGradients {
  return {
    lanes,
    size,
    control: new Int32Array(new SharedArrayBuffer(4 * 3)),
    losses: new Float64Array(new SharedArrayBuffer(8 * lanes)),
    slots: new Float32Array(new SharedArrayBuffer(4 * lanes * size)),
  };
}

/** Wakes every waiting lane and makes this and all later barriers throw. */
export function failLanes(shared: SharedGradients): void {
  Atomics.store(shared.control, FAILED, 1);
  Atomics.add(shared.control, ROUND, 1);
  Atomics.notify(shared.control, ROUND);
}

/** Waits until all lanes are here. Blocks the thread; throws `lane_failed` once another lane has failed. */
function barrier({ control, lanes }: SharedGradients): void {
  const round = Atomics.load(control, ROUND);
  if (Atomics.add(control, ARRIVED, 1) + 1 === lanes) {
    Atomics.store(control, ARRIVED, 0);
    Atomics.add(control, ROUND, 1);
    Atomics.notify(control, ROUND);
  }
  while (Atomics.load(control, ROUND) === round && Atomics.load(control, FAILED) === 0) {
    Atomics.wait(control, ROUND, round);
  }
  if (Atomics.load(control, FAILED) !== 0) {
    throw new LacunaError('lane_failed', 'lanes: another lane failed.', { secondary: true });
  }
}

/** Where a lane writes its gradient before `allReduce`: (size) */
export function slotOf({ size, slots }: SharedGradients, lane: number): Float32Array<SharedArrayBuffer> {
  return slots.subarray(lane * size, (lane + 1) * size);
}

/** Sums slots and losses over the lanes; what comes back is a view of shared memory, good until slots are written again. */
export function allReduce(
  shared: SharedGradients,
  lane: number,
  loss: number,
): { gradient: Float32Array<SharedArrayBuffer>; loss: number } {
  const { lanes, size, losses } = shared;
  losses[lane] = loss;
  barrier(shared);
  const slice = [Math.floor((size * lane) / lanes), Math.floor((size * (lane + 1)) / lanes)] as const;
  const gradient = slotOf(shared, 0);
  const sum = gradient.subarray(...slice);
  for (let other = 1; other < lanes; other++) addInto(sum, slotOf(shared, other).subarray(...slice));
  barrier(shared);
  return { gradient, loss: losses.reduce((total, part) => total + part, 0) };
}

/** sum += part */
export function addInto(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (part[i] as number);
}
