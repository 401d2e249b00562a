/** Where a trainer's batches come from: prepared ahead, each with the state that finds the batch after it again. */
import type { Batch } from '../model/batch.ts';
import type { Json } from './state.ts';

export interface Prepared {
  readonly batch: Batch;
  /** Share of removed tokens, for reports. */
  readonly ratio?: number;
  /** The source's state after this batch. */
  readonly state: Json;
}

export interface BatchSource {
  /** The next batch for a run that has spent `fraction` of its budget; undefined at the end of finite data. */
  next(fraction: number): Promise<Prepared | undefined>;
  /** The state before the next batch. */
  readonly state: Json;
}

/** A value that is fixed, or goes from one to another over the run. */
export type Ramp = number | readonly [number, number];

/** Linear in the spent fraction. */
export function rampAt(ramp: Ramp, fraction: number): number {
  return typeof ramp === 'number' ? ramp : ramp[0] + (ramp[1] - ramp[0]) * fraction;
}

/** The first value up to half of the budget, then the second: for lengths, where each new one is a new shape. */
export function switchAt(ramp: Ramp, fraction: number): number {
  return typeof ramp === 'number' ? ramp : fraction < 0.5 ? ramp[0] : ramp[1];
}
