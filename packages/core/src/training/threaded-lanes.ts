/**
 * A group of lanes, each in a thread of its own, wherever threads come from. Gradients are summed through shared memory,
 * or where there is none posted here, summed in the same order and posted back: the same bits.
 */
import { LacunaError } from '../errors.ts';
import type { Batch } from '../model/batch.ts';
import { parameterShapes } from '../model/parameters.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { addInto, failLanes, type SharedGradients, sharedGradients } from './all-reduce.ts';
import { addScores, type ScoreSums } from './evaluation.ts';
import { type Part, partsOf, type ReplicaState, type StepOptions, type StepResult, type WeightChoice } from './lane.ts';
import { handedOver, type LaneGradient, type LaneReply, type LaneRequest } from './lane-messages.ts';
import { checkState, type LaneGroup } from './lanes.ts';
import { headOf, type TaskSpec } from './task.ts';

/** A thread as its group sees it. */
export interface LaneThread {
  /** Sends a request and hands over its memory. */
  post(request: LaneRequest, memory: ArrayBuffer[]): void;
  close(): Promise<unknown> | undefined;
}

/** Who listens to a thread. */
export interface LaneListener {
  reply(reply: LaneReply): void;
  /** The thread ended, or never began. */
  died(message: string): void;
}

export interface ThreadedLanesOptions {
  readonly lanes: number;
  /** Whether threads share memory here. */
  readonly shared: boolean;
  start(lane: number, shared: SharedGradients | undefined, listener: LaneListener): LaneThread;
}

export class ThreadedLanes implements LaneGroup {
  readonly lanes: number;
  readonly task: TaskSpec;
  readonly #links: LaneLink[];
  readonly #shared: SharedGradients | undefined;
  readonly #size: number;

  constructor(task: TaskSpec, { lanes, shared, start }: ThreadedLanesOptions) {
    this.lanes = lanes;
    this.task = task;
    const shapes = Object.values(parameterShapes(task.config, headOf(task)));
    this.#size = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
    const memory = shared ? sharedGradients(lanes, this.#size) : undefined;
    this.#shared = memory;
    this.#links = Array.from(
      { length: lanes },
      (_, lane) =>
        new LaneLink(
          lane,
          (listener) => start(lane, memory, listener),
          () => memory && failLanes(memory),
        ),
    );
  }

  async step(batch: Batch, options: StepOptions): Promise<StepResult> {
    const parts = partsOf(batch, this.lanes);
    const answers = await this.#all((lane) => ({ kind: 'step', part: parts[lane] as Part, options }));
    if (this.#shared) return answers[0] as StepResult;
    const sums = summed(answers as LaneGradient[]);
    const [first] = await this.#all((lane) => ({ kind: 'update', sum: sums[lane] as LaneGradient, options }));
    return first as StepResult;
  }

  async score(batch: Batch, weights: WeightChoice, passTokens: number): Promise<ScoreSums> {
    const parts = partsOf(batch, this.lanes);
    const sums = await this.#all((lane) => ({ kind: 'score', batch: parts[lane]?.batch, weights, passTokens }));
    return addScores((sums as ScoreSums[]).filter((part) => part.count > 0));
  }

  async read(): Promise<ReplicaState> {
    const first = this.#links[0] as LaneLink;
    return (await guard([first.ask({ kind: 'read' })]))[0] as ReplicaState;
  }

  async write(state: ReplicaState): Promise<void> {
    checkState(this.#size, state);
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
    await Promise.all(this.#links.map((link) => link.close()));
  }

  #all(request: (lane: number) => LaneRequest): Promise<unknown[]> {
    return guard(this.#links.map((link, lane) => link.ask(request(lane))));
  }
}

/** The sum of all gradients in lane order, in each lane's own memory. */
function summed(given: readonly LaneGradient[]): LaneGradient[] {
  const [first, ...others] = given.map(({ gradient }) => gradient);
  const loss = given.reduce((total, part) => total + part.loss, 0);
  if (first) for (const other of others) addInto(first, other);
  for (const other of others) if (first) other.set(first);
  return given.map(({ gradient }) => ({ gradient, loss }));
}

/** All answers, or the failure that came first and not those it caused. */
async function guard(asked: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(asked);
  const reasons = settled.flatMap((result) => (result.status === 'rejected' ? [result.reason as LacunaError] : []));
  const cause = reasons.find((reason) => reason.facts.secondary !== true) ?? reasons[0];
  if (cause) throw cause;
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value);
}

/** One thread that answers one request at a time. */
class LaneLink {
  readonly #thread: LaneThread;
  readonly #lane: number;
  #pending: { resolve: (value: unknown) => void; reject: (error: LacunaError) => void } | undefined;
  #dead: LacunaError | undefined;

  constructor(lane: number, start: (listener: LaneListener) => LaneThread, wakeOthers: () => void) {
    this.#lane = lane;
    this.#thread = start({
      reply: (reply) => {
        const pending = this.#pending;
        this.#pending = undefined;
        if ('value' in reply) pending?.resolve(reply.value);
        else pending?.reject(this.#error(reply.failed.code, reply.failed.message, reply.failed.secondary));
      },
      died: (message) => {
        this.#dead ??= this.#error('internal', message, false);
        wakeOthers();
        this.#pending?.reject(this.#dead);
        this.#pending = undefined;
      },
    });
  }

  ask(request: LaneRequest): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#dead) return reject(this.#dead);
      this.#pending = { resolve, reject };
      this.#thread.post(request, handedOver(request));
    });
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }

  #error(cause: string, message: string, secondary: boolean): LacunaError {
    return new LacunaError('lane_failed', `lanes: lane ${this.#lane} failed: ${message}`, {
      lane: this.#lane,
      cause,
      secondary,
    });
  }
}
