/** What the Train section does: starts runs, follows them, and looks after those that are kept. */
import { createTrainer, deleteRun, exportRun, type Trainer, type TrainerOptions } from '@lacuna/client/training';
import { LacunaError } from '@lacuna/core/errors';
import { type Signal, signal } from '@preact/signals';
import type { DataSet, Project } from '../project.ts';
import { modelIdOf, refreshRuns, type StudioRun } from '../runs/kept-runs.ts';
import { deleteRecord, readRecord, updateRecord } from '../runs/run-records.ts';
import type { Choices } from './choices.ts';
import { type LiveRun, LiveRunRecorder } from './live-run.ts';
import { type RunStep, stepsOf } from './run-steps.ts';

/** Events come faster than people read: the page is changed so often. */
const SHOWN_EVERY_MS = 250;
const RECORDED_EVERY_MS = 5000;

export class TrainDesk {
  readonly live: Signal<LiveRun | undefined> = signal(undefined);
  readonly error: Signal<unknown> = signal(undefined);
  /** Undefined until they have been read. */
  readonly runs: Signal<readonly StudioRun[] | undefined> = signal(undefined);
  /** Kept runs whose curves are shown beside the live one's. */
  readonly compared: Signal<ReadonlySet<string>> = signal(new Set());
  readonly #project: Project;
  #trainer: Trainer | undefined;
  #recorder: LiveRunRecorder | undefined;
  #showing: ReturnType<typeof setTimeout> | undefined;
  #recordedAt = 0;

  constructor(project: Project) {
    this.#project = project;
  }

  get isBusy(): boolean {
    const phase = this.live.value?.phase;
    return phase === 'preparing' || phase === 'training' || phase === 'paused';
  }

  async start(data: DataSet, choices: Choices): Promise<void> {
    // Asked at the click that needs it: without it the browser may evict what it keeps.
    void navigator.storage.persist();
    const exported = async (run: string) => {
      const bytes = await exportRun(run, { quantization: 'none' });
      return new Blob([bytes as Uint8Array<ArrayBuffer>]);
    };
    this.error.value = undefined;
    try {
      for (const step of stepsOf(data, choices, exported)) {
        const isComplete = await this.#perform(step, data.name);
        if (!isComplete) return;
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Goes on with a kept run from its last checkpoint. */
  async goOn({ run, task }: Pick<StudioRun, 'run' | 'task'>): Promise<void> {
    this.error.value = undefined;
    const options = async (): Promise<TrainerOptions> => ({ task: 'resume', run, progressMs: SHOWN_EVERY_MS });
    try {
      await this.#perform({ run, task, title: 'Going on from the last checkpoint', options });
    } catch (error) {
      this.#fail(error);
    }
  }

  pause = () => this.#ask('pause', (trainer) => trainer.pause());
  stop = () => this.#ask('stop', (trainer) => trainer.stop());
  resume = () => this.#ask(undefined, (trainer) => trainer.resume());

  async remove(run: string): Promise<void> {
    this.error.value = undefined;
    try {
      await deleteRun(run);
      await deleteRecord(run);
      if (this.live.value?.run === run) this.live.value = undefined;
      this.compare(run, false);
    } catch (error) {
      this.error.value = error;
    }
    await this.refresh();
  }

  compare(run: string, isCompared: boolean): void {
    const others = [...this.compared.value].filter((name) => name !== run);
    this.compared.value = new Set(isCompared ? [...others, run] : others);
  }

  async refresh(): Promise<void> {
    try {
      this.runs.value = await refreshRuns(this.#project);
    } catch (error) {
      this.runs.value ??= [];
      this.error.value = error;
    }
  }

  /** Whether it came to its end, and was not stopped. */
  async #perform(step: RunStep, dataName?: string): Promise<boolean> {
    const { run, options } = step;
    const recorder = new LiveRunRecorder(step, (await readRecord(run)).history);
    this.#recorder = recorder;
    this.#show();
    const trainer = createTrainer(await options());
    this.#trainer = trainer;
    try {
      for await (const event of trainer.events) {
        recorder.hear(event);
        if (event.type === 'start') {
          if (dataName !== undefined) await updateRecord(run, { data: dataName });
          void this.refresh();
        }
        if (event.type === 'checkpoint') void this.refresh();
        this.#record(event.type === 'checkpoint');
        this.#soon();
      }
      return (await trainer.done).complete;
    } finally {
      trainer.close();
      this.#trainer = undefined;
      if (recorder.live.start) await updateRecord(run, { history: recorder.recorder.history });
      await this.refresh();
      if (this.#project.model(modelIdOf(run))) {
        this.#project.chosen.value = modelIdOf(run);
        this.#project.reach('train');
      }
      this.#show();
    }
  }

  /** Keeps the curves now and then: a closed tab loses a few seconds of them. */
  #record(now: boolean): void {
    const recorder = this.#recorder;
    if (!recorder?.live.start || (!now && performance.now() - this.#recordedAt < RECORDED_EVERY_MS)) return;
    this.#recordedAt = performance.now();
    void updateRecord(recorder.live.run, { history: recorder.recorder.history });
  }

  async #ask(asked: LiveRun['asked'], what: (trainer: Trainer) => Promise<void>): Promise<void> {
    const trainer = this.#trainer;
    if (!trainer) return;
    this.#recorder?.ask(asked);
    this.#show();
    try {
      await what(trainer);
    } catch (error) {
      this.error.value = error;
    }
  }

  #fail(error: unknown): void {
    const isStopped = error instanceof LacunaError && error.code === 'aborted';
    this.#recorder?.end(isStopped ? 'stopped' : 'failed');
    if (!isStopped) this.error.value = error;
    this.#show();
  }

  #soon(): void {
    this.#showing ??= setTimeout(() => this.#show(), SHOWN_EVERY_MS);
  }

  #show(): void {
    clearTimeout(this.#showing);
    this.#showing = undefined;
    const live = this.#recorder?.live;
    this.live.value = live;
    const fraction = live?.progress?.fraction;
    this.#project.activity.value =
      live && this.isBusy
        ? { section: 'train', what: live.run, ...(fraction === undefined ? {} : { fraction }) }
        : undefined;
  }
}
