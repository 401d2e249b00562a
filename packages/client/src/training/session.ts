/** One run in its worker: prepared, trained, saved, paused and stopped. What happens is told as events. */
import {
  type Checkpoint,
  compileKernels,
  type Json,
  LacunaError,
  type LaneGroup,
  type Metrics,
  type Progress,
  type TrainingEvent,
  type TrainingState,
  writeCheckpoint,
} from '@lacuna/core/browser-training';
import { EventQueue } from './event-queue.ts';
import type { TrainerEvent } from './events.ts';
import type { Pull } from './inputs.ts';
import type { ExportOptions } from './options.ts';
import type { TrainingOrder } from './order.ts';
import { PauseClock } from './pause-clock.ts';
import { perform } from './performing.ts';
import { describe, type RunPlan } from './plan.ts';
import { statusOf } from './plan-size.ts';
import { prepareRun } from './preparing.ts';
import { CHECKPOINT_FILE, type RunFolder } from './run-folder.ts';
import { lockRun } from './run-lock.ts';
import { writeStatus } from './status.ts';

/** Least milliseconds between two rounds of samples, and between two looks at the memory. */
const SAMPLES_MS = 10_000;
const MEMORY_MS = 2_000;

type EventOf<Type extends TrainingEvent['type']> = Extract<TrainingEvent, { readonly type: Type }>;
type CheckpointEvent = EventOf<'checkpoint'>;
type ProgressEvent = EventOf<'progress'>;
type EvaluationEvent = EventOf<'evaluation'>;
type DoneEvent = EventOf<'done'>;
type Weights = Pick<TrainingState, 'parameters' | 'ema'>;

interface Waiter {
  /** Whether it waits for the checkpoint to be saved, or only for its weights. */
  readonly saved: boolean;
  resolve(checkpoint: Checkpoint): void;
  reject(error: unknown): void;
}

export class TrainingSession {
  readonly events = new EventQueue<TrainerEvent>();
  readonly #order: TrainingOrder;
  readonly #pulls: readonly Pull[];
  readonly #stop = new AbortController();
  readonly #clock = new PauseClock();
  #pausing = false;
  #ended = false;
  #waiters: Waiter[] = [];
  /** Those that wait for a pause, or for the end. */
  #pauseWaiters: (() => void)[] = [];
  #checkpoint: Checkpoint | undefined;
  /** Set once there is a run: saves its last checkpoint unless that was done, and gives its bytes. */
  #store: (() => Promise<number>) | undefined;
  #metrics: Metrics | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #sampledAt = Number.NEGATIVE_INFINITY;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #memoryBytes = 0;
  #lanes: LaneGroup | undefined;

  constructor(order: TrainingOrder, pulls: readonly Pull[]) {
    this.#order = order;
    this.#pulls = pulls;
  }

  /** Runs to the end; a failure comes out of the events. */
  async run(): Promise<void> {
    const { run } = this.#order;
    let unlock: (() => void) | undefined;
    let failure: { readonly error: unknown } | undefined;
    try {
      if (run !== undefined) unlock = await lockRun(run);
      await this.#train();
    } catch (error) {
      failure = { error };
    } finally {
      unlock?.();
      this.#end(failure);
    }
  }

  /** Saves, then waits until `resume`. Resolves when the run stands still. */
  async pause(): Promise<void> {
    if (this.#ended || this.#clock.isStopped) return;
    this.#pausing = true;
    await new Promise<void>((resolve) => this.#pauseWaiters.push(resolve));
  }

  resume(): void {
    this.#pausing = false;
    if (this.#clock.isStopped) this.#clock.release();
    else this.#releasePauses(); // it came before the pause did
  }

  /** Saves and ends. */
  stop(): void {
    this.#stop.abort();
    this.resume();
  }

  /** A checkpoint as of now, saved under the run's name. Throws `disk_full`, `write_failed`. */
  async save(): Promise<void> {
    await this.#current(true);
    await this.#store?.();
  }

  async export({ name = 'model', quantization = 'int8' }: ExportOptions): Promise<Uint8Array> {
    const { checkpointArtifact } = await import('./more.ts');
    const metrics = this.#metrics ? ({ ...this.#metrics } as unknown as Json) : null;
    return checkpointArtifact(await this.#current(false), { name, quantization, metrics });
  }

  #current(saved: boolean): Promise<Checkpoint> {
    const last = this.#checkpoint;
    if (last && (this.#ended || this.#clock.isStopped)) return Promise.resolve(last);
    if (this.#ended) {
      throw new LacunaError(
        'checkpoint_not_found',
        'trainer: expected a run that has trained, got one that never began.',
      );
    }
    return new Promise((resolve, reject) => this.#waiters.push({ saved, resolve, reject }));
  }

  #tell = (event: TrainerEvent): void => this.events.push(event);

  async #train(): Promise<void> {
    const kernels = await compileKernels();
    const { folder, plan, machine, state } = await prepareRun(this.#order, {
      pulls: this.#pulls,
      kernels,
      signal: this.#stop.signal,
      tell: this.#tell,
    });
    const { task, config, recipe } = plan;
    const progress = { step: state?.step ?? 0, tokens: state?.tokens ?? 0, seconds: state?.seconds ?? 0 };
    const labels = plan.task === 'finetune' ? { labels: plan.labels } : {};
    const { parameters } = statusOf(plan);
    this.#tell({ type: 'start', ...progress, task, config, parameters, recipe, ...labels });
    const events = await perform(plan, {
      folder,
      kernels,
      makeLanes: async (task) => {
        this.#lanes = await machine.makeLanes(task);
        return this.#lanes;
      },
      state,
      signal: this.#stop.signal,
      wantsCheckpoint: () => this.#pausing || this.#waiters.length > 0,
      now: this.#clock.now,
      tell: this.#tell,
    });
    this.#sampledAt = performance.now();
    for await (const event of events) {
      if (event.type === 'checkpoint') await this.#keep(event, plan, folder, kernels);
      else if (event.type === 'progress') await this.#follow(event, plan, kernels);
      else await this.#pass(event, plan, folder);
    }
  }

  /** Saves a checkpoint, answers who waits for one, and stands still where a pause was asked for. */
  async #keep(event: CheckpointEvent, plan: RunPlan, folder: RunFolder, kernels: WebAssembly.Module): Promise<void> {
    const state = await event.state();
    const checkpoint: Checkpoint = { ...describe(plan), state };
    const { step, tokens, seconds, reason } = event;
    // Four buffers of float32; a run without a name keeps them as they are.
    let sizeBytes = folder.name === undefined ? 16 * state.parameters.length : 0;
    this.#checkpoint = checkpoint;
    this.#store = async () => {
      if (sizeBytes > 0) return sizeBytes;
      const written = await folder.write(CHECKPOINT_FILE, writeCheckpoint(checkpoint));
      await writeStatus(folder, { ...statusOf(plan), step, tokens, seconds, complete: reason === 'end' });
      sizeBytes = written;
      return written;
    };
    const waiters = this.#waiters.splice(0);
    try {
      this.#tell({ type: 'checkpoint', step, tokens, seconds, reason, sizeBytes: await this.#store() });
      for (const waiter of waiters) waiter.resolve(checkpoint);
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      // The run is worth more than its checkpoint: the last one is there, and room may be made.
      this.#tell({ type: 'warning', code: error.code, message: error.message });
      for (const waiter of waiters) {
        if (waiter.saved) waiter.reject(error);
        else waiter.resolve(checkpoint);
      }
    }
    if (reason === 'end' || reason === 'aborted') await this.#sample(event, state, plan, kernels);
    if (!this.#pausing || reason === 'end' || reason === 'aborted') return;
    this.#tell({ type: 'paused' });
    const waiting = this.#clock.wait();
    this.#releasePauses();
    await waiting;
    this.#tell({ type: 'resumed' });
  }

  /** Tells of a step, unless the last one was told just now. The lanes stand still meanwhile: they can be asked. */
  async #follow(event: ProgressEvent, plan: RunPlan, kernels: WebAssembly.Module): Promise<void> {
    const { progressMs = 100 } = this.#order;
    const now = performance.now();
    if (now - this.#toldAt < progressMs) return;
    this.#toldAt = now;
    if (now - this.#measuredAt > MEMORY_MS && this.#lanes) {
      this.#measuredAt = now;
      this.#memoryBytes = (await this.#lanes.memoryBytes()).reduce((sum, bytes) => sum + bytes, 0);
    }
    this.#tell({ ...event, memoryBytes: this.#memoryBytes });
    if (now - this.#sampledAt > SAMPLES_MS && this.#lanes)
      await this.#sample(event, await this.#lanes.read(), plan, kernels);
  }

  async #pass(event: EvaluationEvent | DoneEvent, plan: RunPlan, folder: RunFolder): Promise<void> {
    if (event.type === 'evaluation') {
      const { step, tokens, seconds, metrics } = event;
      this.#metrics = metrics;
      this.#tell({ type: 'evaluation', step, tokens, seconds, metrics });
      return;
    }
    const { step, tokens, seconds, complete, metrics } = event;
    // Of a full disk the warning before this told already.
    if (folder.name !== undefined)
      await writeStatus(folder, { ...statusOf(plan), step, tokens, seconds, complete, metrics }).catch(() => {});
    this.#tell(event);
  }

  async #sample({ step, tokens, seconds }: Progress, weights: Weights, plan: RunPlan, kernels: WebAssembly.Module) {
    if (plan.task === 'finetune' || plan.samples.length === 0) return;
    const samples = await (await import('./fill-samples.ts')).fillSamples(plan, weights, kernels);
    this.#sampledAt = performance.now();
    this.#tell({ type: 'samples', step, tokens, seconds, samples });
  }

  #end(failure: { readonly error: unknown } | undefined): void {
    this.#ended = true;
    this.events.end(failure);
    this.#releasePauses();
    const error = failure?.error ?? new LacunaError('aborted', 'trainer: the run ended before it could be saved.');
    for (const waiter of this.#waiters.splice(0)) {
      if (this.#checkpoint) waiter.resolve(this.#checkpoint);
      else waiter.reject(error);
    }
  }

  #releasePauses(): void {
    for (const resolve of this.#pauseWaiters.splice(0)) resolve();
  }
}
