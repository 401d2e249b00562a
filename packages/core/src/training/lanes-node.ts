/** Lanes over worker threads in Node: one backend each, gradients summed through shared memory. */
import { Worker } from 'node:worker_threads';
import { LacunaError } from '../errors.ts';
import type { Batch } from '../model/batch.ts';
import { parameterShapes } from '../model/parameters.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { failLanes, type SharedGradients, sharedGradients } from './all-reduce.ts';
import { addScores, type ScoreSums } from './evaluation.ts';
import { type Part, partsOf, type ReplicaState, type StepOptions, type StepResult, type WeightChoice } from './lane.ts';
import { checkLanes, type LaneBackend, makeBackend } from './lane-backend-node.ts';
import { checkState, inlineLanes, type LaneGroup } from './lanes.ts';
import { headOf, type TaskSpec } from './task.ts';

/** What a thread starts from. */
export interface LaneSetup {
  readonly lane: number;
  /** The backend that the lane builds for itself. */
  readonly backend: LaneBackend;
  readonly task: TaskSpec;
  readonly shared: SharedGradients;
}

export type LaneRequest =
  | { readonly kind: 'step'; readonly part: Part; readonly options: StepOptions }
  | {
      readonly kind: 'score';
      readonly batch: Batch | undefined;
      readonly weights: WeightChoice;
      readonly passTokens: number;
    }
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly state: ReplicaState }
  | { readonly kind: 'memory' };

export type LaneReply =
  | { readonly value: unknown }
  | { readonly failed: { readonly code: string; readonly message: string; readonly secondary: boolean } };

export interface LaneOptions {
  readonly lanes: number;
  readonly backend: LaneBackend;
}

/** One lane computes in this thread; more get a worker thread each. */
export async function createLanes(task: TaskSpec, { lanes, backend }: LaneOptions): Promise<LaneGroup> {
  checkLanes(lanes, backend);
  return lanes > 1 ? new ThreadedLanes(task, lanes, backend) : inlineLanes(await makeBackend(backend), task);
}

class ThreadedLanes implements LaneGroup {
  readonly lanes: number;
  readonly task: TaskSpec;
  readonly #threads: LaneThread[];
  readonly #shared: SharedGradients;

  constructor(task: TaskSpec, lanes: number, backend: LaneBackend) {
    this.lanes = lanes;
    this.task = task;
    const shapes = Object.values(parameterShapes(task.config, headOf(task)));
    this.#shared = sharedGradients(
      lanes,
      shapes.reduce((sum, shape) => sum + sizeOf(shape), 0),
    );
    this.#threads = Array.from(
      { length: lanes },
      (_, lane) => new LaneThread({ lane, backend, task, shared: this.#shared }),
    );
  }

  async step(batch: Batch, options: StepOptions): Promise<StepResult> {
    const parts = partsOf(batch, this.lanes);
    const [first] = await this.#all((lane) => ({ kind: 'step', part: parts[lane] as Part, options }));
    return first as StepResult;
  }

  async score(batch: Batch, weights: WeightChoice, passTokens: number): Promise<ScoreSums> {
    const parts = partsOf(batch, this.lanes);
    const sums = await this.#all((lane) => ({ kind: 'score', batch: parts[lane]?.batch, weights, passTokens }));
    return addScores((sums as ScoreSums[]).filter((part) => part.count > 0));
  }

  async read(): Promise<ReplicaState> {
    return (await this.#guard([this.#thread(0).ask({ kind: 'read' })]))[0] as ReplicaState;
  }

  async write(state: ReplicaState): Promise<void> {
    checkState(this.#shared.size, state);
    await this.#all(() => ({ kind: 'write', state }));
  }

  /** Every lane's own state: they must be equal bit for bit. */
  async readAll(): Promise<ReplicaState[]> {
    return (await this.#all(() => ({ kind: 'read' }))) as ReplicaState[];
  }

  async memoryBytes(): Promise<number[]> {
    return (await this.#all(() => ({ kind: 'memory' }))) as number[];
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  #thread(lane: number): LaneThread {
    return this.#threads[lane] as LaneThread;
  }

  #all(request: (lane: number) => LaneRequest): Promise<unknown[]> {
    return this.#guard(this.#threads.map((thread, lane) => thread.ask(request(lane))));
  }

  /** All answers, or the failure that came first and not those it caused. */
  async #guard(asked: Promise<unknown>[]): Promise<unknown[]> {
    const settled = await Promise.allSettled(asked);
    const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as LacunaError] : []));
    const cause = reasons.find((reason) => reason.facts.secondary !== true) ?? reasons[0];
    if (cause) throw cause;
    return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value);
  }
}

/** One worker thread that answers one request at a time. */
class LaneThread {
  readonly #worker: Worker;
  readonly #lane: number;
  #pending: { resolve: (value: unknown) => void; reject: (error: LacunaError) => void } | undefined;
  #dead: LacunaError | undefined;

  constructor(setup: LaneSetup) {
    this.#lane = setup.lane;
    this.#worker = new Worker(new URL('./lane-thread.ts', import.meta.url), { workerData: setup });
    this.#worker.on('message', (reply: LaneReply) => {
      const pending = this.#pending;
      this.#pending = undefined;
      if ('value' in reply) pending?.resolve(reply.value);
      else pending?.reject(this.#error(reply.failed.code, reply.failed.message, reply.failed.secondary));
    });
    const die = (message: string) => {
      this.#dead ??= this.#error('internal', message, false);
      failLanes(setup.shared);
      this.#pending?.reject(this.#dead);
      this.#pending = undefined;
    };
    this.#worker.on('error', (error) => die(error instanceof Error ? error.message : String(error)));
    this.#worker.on('exit', (code) => die(`the thread ended with code ${code}`));
  }

  ask(request: LaneRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      this.#pending = { resolve, reject };
      this.#worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #error(cause: string, message: string, secondary: boolean): LacunaError {
    return new LacunaError('lane_failed', `lanes: lane ${this.#lane} failed: ${message}`, {
      lane: this.#lane,
      cause,
      secondary,
    });
  }
}
