/**
 * The sum of all lanes' gradients over shared memory, in a fixed order: the same bits whatever the lanes' timing.
 *
 *     control   Int32    arrived | round | failed
 *     losses    Float64  one a lane
 *     slots     Float32  lane 0: n values | lane 1: n values | …
 *
 * Every lane writes its gradient to its slot; barrier; lane l sums its own l-th slice of all slots, in lane order,
 * into slot 0; barrier; all read slot 0.
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

/** Sums gradients and losses over the lanes; what comes back is a view of shared memory, good until the next call. */
export function allReduce(
  shared: SharedGradients,
  lane: number,
  gradient: Float32Array,
  loss: number,
): { gradient: Float32Array; loss: number } {
  const { lanes, size, slots, losses } = shared;
  slots.set(gradient, lane * size);
  losses[lane] = loss;
  barrier(shared);
  const end = Math.floor((size * (lane + 1)) / lanes);
  for (let i = Math.floor((size * lane) / lanes); i < end; i++) {
    let sum = 0;
    for (let at = i; at < slots.length; at += size) sum += slots[at] as number;
    slots[i] = sum;
  }
  barrier(shared);
  return { gradient: slots.subarray(0, size), loss: losses.reduce((sum, part) => sum + part, 0) };
}
