/** A group of lanes that learn one model together, and the group of one that computes in the caller's thread. */
import { LacunaError } from '../errors.ts';
import type { Batch } from '../model/batch.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import type { ScoreSums } from './evaluation.ts';
import { Lane, partsOf, type ReplicaState, type StepOptions, type StepResult, type WeightChoice } from './lane.ts';
import type { TaskSpec } from './task.ts';

/** What the trainer knows of lanes. All of them hold the same parameters, bit for bit. */
export interface LaneGroup {
  readonly lanes: number;
  readonly task: TaskSpec;
  /** Forward, backward, all-reduce, clipping, AdamW. Throws `lane_failed`; a loss that is not finite changes nothing. */
  step(batch: Batch, options: StepOptions): Promise<StepResult>;
  /** Where the backend computes on its own: a step that no one waits for. The next `step` or `report` tells of it, too. */
  readonly ahead?: {
    step(batch: Batch, options: StepOptions): Promise<void>;
    report(): Promise<StepResult>;
  };
  /** Sums of the scores over a batch. */
  score(batch: Batch, weights: WeightChoice, passTokens: number): Promise<ScoreSums>;
  read(): Promise<ReplicaState>;
  write(state: ReplicaState): Promise<void>;
  /** Bytes that every lane's backend holds, where it tells. */
  memoryBytes(): Promise<number[]>;
  close(): Promise<void>;
}

/** Makes the lanes of a task: entry points say with which backend and in which threads. */
export type LaneFactory = (task: TaskSpec) => Promise<LaneGroup>;

/** The bytes a backend holds; 0 where it doesn't tell. */
export function memoryBytesOf(ops: TrainableOps): number {
  return 'memoryBytes' in ops && typeof ops.memoryBytes === 'function' ? Number(ops.memoryBytes()) : 0;
}

/** One lane in this thread. */
export function inlineLanes(ops: TrainableOps, task: TaskSpec): LaneGroup {
  const lane = new Lane(ops, task);
  const step = async (batch: Batch, options: StepOptions) => {
    const [part] = partsOf(batch, 1);
    await lane.gradient(part?.batch, 1, 0, options);
    await lane.update(options);
  };
  return {
    lanes: 1,
    task,
    step: async (batch, options) => {
      await step(batch, options);
      return lane.report();
    },
    ...(ops.deferred ? { ahead: { step, report: () => lane.report() } } : {}),
    score: (batch, weights, passTokens) => lane.score(batch, weights, passTokens),
    read: () => lane.read(),
    write: async (state) => {
      checkState(lane.parameters.size, state);
      lane.write(state);
    },
    memoryBytes: async () => [memoryBytesOf(ops)],
    close: async () => ops.close?.(),
  };
}

/** Throws `checkpoint_mismatch` unless every buffer of a state holds `expected` values. */
export function checkState(expected: number, state: ReplicaState): void {
  for (const name of ['parameters', 'm', 'v', 'ema'] as const) {
    const got = state[name].length;
    if (got === expected) continue;
    throw new LacunaError(
      'checkpoint_mismatch',
      `lanes: ${name} must hold ${expected} values, got ${got}. Is the checkpoint of this config?`,
      { name, expected, got },
    );
  }
}

/** A GPU is one device: lanes would wait for each other on it. Throws `invalid_argument`. */
export function checkLanes(lanes: number, backend: string): void {
  if (!Number.isInteger(lanes) || lanes < 1 || lanes > 256) {
    throw new LacunaError('invalid_argument', `lanes: expected 1 to 256, got ${lanes}.`, { lanes });
  }
  if (backend === 'webgpu' && lanes > 1) {
    throw new LacunaError(
      'invalid_argument',
      `lanes: the webgpu backend computes on one device and takes one lane, got ${lanes}. Ask for one lane, or for the backend "wasm".`,
      { lanes, backend },
    );
  }
}
