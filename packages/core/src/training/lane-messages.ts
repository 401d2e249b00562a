/** What passes between a group of lanes and the threads that they compute in. All of it can be posted. */
import type { Batch } from '../model/batch.ts';
import type { SharedGradients } from './all-reduce.ts';
import type { Part, ReplicaState, StepOptions, WeightChoice } from './lane.ts';
import type { TaskSpec } from './task.ts';

/** What a thread starts from; `Backend` describes what it builds for itself. */
export interface LaneSetup<Backend> {
  readonly lane: number;
  readonly backend: Backend;
  readonly task: TaskSpec;
  /** Where gradients are summed; without it they are posted. */
  readonly shared: SharedGradients | undefined;
}

export type LaneRequest =
  /** A step with shared memory, or the first half of one without: that is answered by the lane's gradient. */
  | { readonly kind: 'step'; readonly part: Part; readonly options: StepOptions }
  /** The other half, with the sum over all lanes. */
  | { readonly kind: 'update'; readonly sum: LaneGradient; readonly options: StepOptions }
  | {
      readonly kind: 'score';
      readonly batch: Batch | undefined;
      readonly weights: WeightChoice;
      readonly passTokens: number;
    }
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly state: ReplicaState }
  | { readonly kind: 'memory' };

/** A gradient that is handed over with its memory, and the share of the loss that it belongs to. */
export interface LaneGradient {
  readonly gradient: Float32Array<ArrayBuffer>;
  readonly loss: number;
}

export type LaneReply =
  | { readonly value: unknown }
  | { readonly failed: { readonly code: string; readonly message: string; readonly secondary: boolean } };

/** Memory that a request or a value hands over. */
export function handedOver(message: unknown): ArrayBuffer[] {
  const { gradient, sum } = (message ?? {}) as { gradient?: LaneGradient['gradient']; sum?: LaneGradient };
  const given = gradient ?? sum?.gradient;
  return given ? [given.buffer] : [];
}
