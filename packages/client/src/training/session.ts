/** One run in its worker: prepared, trained, saved, paused and stopped. What happens is told as events. */
import {
  type Checkpoint,
  compileKernels,
  type Json,
  LacunaError,
  type Metrics,
  parameterCount,
  readCheckpoint,
  type TrainingEvent,
  type TrainingState,
  writeCheckpoint,
} from '@lacuna/core/browser-training';
import { EventQueue } from './event-queue.ts';
import type { TrainerEvent } from './events.ts';
import type { Pull } from './inputs.ts';
import { chooseMachine, type Machine } from './machine.ts';
import type { ExportOptions } from './options.ts';
import type { OrderOf, TrainingOrder } from './order.ts';
import { PauseClock } from './pause-clock.ts';
import { perform } from './performing.ts';
import { describe, type RunPlan, readPlan, writePlan } from './plan.ts';
import { type PlanningContext, plannedConfig, planPretrain } from './planning.ts';
import {
  CHECKPOINT_FILE,
  createRunFolder,
  MemoryFolder,
  openRunFolder,
  type RunFolder,
  removeRunFolder,
} from './run-folder.ts';
import { lockRun } from './run-lock.ts';
import { fillSamples } from './samples.ts';
import { writeStatus } from './status.ts';

/** Least milliseconds between two rounds of samples. */
const SAMPLES_MS = 10_000;

type CheckpointEvent = Extract<TrainingEvent, { readonly type: 'checkpoint' }>;

interface Waiter {
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
  #metrics: Metrics | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #sampledAt = Number.NEGATIVE_INFINITY;

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
    this.#clock.release();
  }

  /** Saves and ends. */
  stop(): void {
    this.#stop.abort();
    this.resume();
  }

  /** A checkpoint as of now, saved under the run's name. Throws `disk_full`, `write_failed`. */
  async save(): Promise<void> {
    await this.#current();
  }

  async export({ name = 'model', quantization = 'int8' }: ExportOptions): Promise<Uint8Array> {
    const { checkpointArtifact } = await import('./more.ts');
    const metrics = this.#metrics ? ({ ...this.#metrics } as unknown as Json) : null;
    return checkpointArtifact(await this.#current(), { name, quantization, metrics });
  }

  #current(): Promise<Checkpoint> {
    const last = this.#checkpoint;
    if (last && (this.#ended || this.#clock.isStopped)) return Promise.resolve(last);
    if (this.#ended) {
      throw new LacunaError(
        'checkpoint_not_found',
        'trainer: expected a run that has trained, got one that never began.',
      );
    }
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #tell = (event: TrainerEvent): void => this.events.push(event);

  async #train(): Promise<void> {
    const kernels = await compileKernels();
    const { folder, plan, machine, state } = await this.#prepared(kernels);
    const { task, config, recipe } = plan;
    const progress = { step: state?.step ?? 0, tokens: state?.tokens ?? 0, seconds: state?.seconds ?? 0 };
    const labels = plan.task === 'finetune' ? { labels: plan.labels } : {};
    const head = plan.task === 'finetune' ? { numLabels: plan.labels.length } : undefined;
    const parameters = parameterCount(config, head);
    this.#tell({ type: 'start', ...progress, task, config, parameters, recipe, ...labels });
    const events = await perform(plan, {
      folder,
      makeLanes: machine.makeLanes,
      state,
      signal: this.#stop.signal,
      wantsCheckpoint: () => this.#pausing || this.#waiters.length > 0,
      now: this.#clock.now,
      tell: this.#tell,
    });
    for await (const event of events) {
      if (event.type === 'checkpoint') await this.#keep(event, plan, folder, kernels);
      else await this.#pass(event, plan, folder);
    }
  }

  /** The plan, new or from the run's folder, and the machine that it trains on. */
  async #prepared(kernels: WebAssembly.Module): Promise<Prepared> {
    const order = this.#order;
    const { signal } = this.#stop;
    if (order.task === 'resume') {
      const folder = await openRunFolder(order.run);
      const plan = await readPlan(folder);
      const stored = await folder.read(CHECKPOINT_FILE);
      const state = stored && readCheckpoint(new Uint8Array(await stored.arrayBuffer())).state;
      const { backend, lanes } = plan;
      const machine = await chooseMachine({ backend, lanes, ...order }, plan.config, kernels, signal);
      this.#tell(machine.event);
      return { folder, plan, machine, state };
    }
    // A classifier's steps and a student's cost as a small model's do, in the same order of backends.
    const config = plannedConfig(order.task === 'pretrain' ? order.config : 'small');
    const machine = await chooseMachine(order, config, kernels, signal);
    this.#tell(machine.event);
    const { backend, lanes } = machine.event;
    const folder = order.run === undefined ? new MemoryFolder() : await createRunFolder(order.run);
    const context = { folder, pulls: this.#pulls, backend, lanes, signal, tell: this.#tell };
    try {
      const plan = await planned(order, context);
      await writePlan(folder, plan);
      await writeStatus(folder, { task: plan.task, step: 0, tokens: 0, seconds: 0, complete: false });
      return { folder, plan, machine, state: undefined };
    } catch (error) {
      // What could not begin leaves its name free, and the room that its texts took.
      if (order.run !== undefined) await removeRunFolder(order.run);
      throw error;
    }
  }

  /** Saves a checkpoint, answers who waits for one, and stands still where a pause was asked for. */
  async #keep(event: CheckpointEvent, plan: RunPlan, folder: RunFolder, kernels: WebAssembly.Module): Promise<void> {
    const state = await event.state();
    const checkpoint: Checkpoint = { ...describe(plan), state };
    this.#checkpoint = checkpoint;
    const { step, tokens, seconds, reason } = event;
    const waiters = this.#waiters.splice(0);
    try {
      // Four buffers of float32; a run without a name keeps them as they are.
      let sizeBytes = 16 * state.parameters.length;
      if (folder.name !== undefined) {
        sizeBytes = await folder.write(CHECKPOINT_FILE, writeCheckpoint(checkpoint));
        await writeStatus(folder, { task: plan.task, step, tokens, seconds, complete: reason === 'end' });
      }
      this.#tell({ type: 'checkpoint', step, tokens, seconds, reason, sizeBytes });
      for (const waiter of waiters) waiter.resolve(checkpoint);
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      // The run is worth more than its checkpoint: the last one is there, and room may be made.
      this.#tell({ type: 'warning', code: error.code, message: error.message });
      for (const waiter of waiters) waiter.reject(error);
    }
    await this.#sample(event, state, plan, kernels);
    if (!this.#pausing || reason === 'end' || reason === 'aborted') return;
    this.#tell({ type: 'paused' });
    const waiting = this.#clock.wait();
    this.#releasePauses();
    await waiting;
    this.#tell({ type: 'resumed' });
  }

  async #pass(event: Exclude<TrainingEvent, CheckpointEvent>, plan: RunPlan, folder: RunFolder): Promise<void> {
    if (event.type === 'progress') {
      const { progressMs = 100 } = this.#order;
      if (performance.now() - this.#toldAt < progressMs) return;
      this.#toldAt = performance.now();
      this.#tell(event);
      return;
    }
    if (event.type === 'evaluation') {
      const { step, tokens, seconds, metrics } = event;
      this.#metrics = metrics;
      this.#tell({ type: 'evaluation', step, tokens, seconds, metrics });
      return;
    }
    const { step, tokens, seconds, complete, metrics } = event;
    // Of a full disk the warning before this told already.
    if (folder.name !== undefined)
      await writeStatus(folder, { task: plan.task, step, tokens, seconds, complete, metrics }).catch(() => {});
    this.#tell(event);
  }

  async #sample(event: CheckpointEvent, state: TrainingState, plan: RunPlan, kernels: WebAssembly.Module) {
    if (plan.task === 'finetune' || plan.samples.length === 0) return;
    const isLast = event.reason === 'end' || event.reason === 'aborted';
    if (!isLast && performance.now() - this.#sampledAt < SAMPLES_MS) return;
    this.#sampledAt = performance.now();
    const { step, tokens, seconds } = event;
    const samples = await fillSamples(plan, state, kernels);
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

async function planned(order: Exclude<TrainingOrder, OrderOf<'resume'>>, context: PlanningContext): Promise<RunPlan> {
  switch (order.task) {
    case 'pretrain':
      return planPretrain(order, context);
    case 'distill':
      return (await import('./distilling.ts')).planDistill(order, context);
    case 'finetune':
      return (await import('./finetuning.ts')).planFinetune(order, context);
  }
}

interface Prepared {
  readonly folder: RunFolder;
  readonly plan: RunPlan;
  readonly machine: Machine;
  readonly state: TrainingState | undefined;
}
