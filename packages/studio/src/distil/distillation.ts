/** One distillation in the tab: started, followed, paused, stopped; its student becomes a model at hand. */
import { createTrainer, listRuns, type Trainer, type TrainerEvent, type TrainerOptions } from '@lacuna/client/training';
import { signal } from '@preact/signals';
import type { Project, StudioModel } from '../project.ts';
import { modelIdOf, refreshRuns } from '../runs/kept-runs.ts';
import { updateRecord } from '../runs/run-records.ts';

/** Events come faster than people read. */
const SHOWN_EVERY_MS = 250;

type EventOf<Type extends TrainerEvent['type']> = Extract<TrainerEvent, { readonly type: Type }>;

/** Everything of `createTrainer` but the run's name, which is chosen here. */
export type DistilOrder = Extract<TrainerOptions, { readonly task: 'distill' | 'finetune' }>;

export interface Progressing {
  readonly phase: 'preparing' | 'training' | 'paused' | 'done';
  readonly preparing?: EventOf<'preparing'>;
  readonly machine?: EventOf<'machine'>;
  readonly start?: EventOf<'start'>;
  readonly progress?: EventOf<'progress'>;
  readonly evaluation?: EventOf<'evaluation'>;
  readonly done?: EventOf<'done'>;
  readonly warnings: readonly string[];
}

export class Distillation {
  readonly progressing = signal<Progressing | undefined>(undefined);
  readonly failure = signal<unknown>(undefined);
  /** What came out of the last one. */
  readonly student = signal<StudioModel | undefined>(undefined);
  readonly #project: Project;
  #trainer: Trainer | undefined;

  constructor(project: Project) {
    this.#project = project;
  }

  get isRunning(): boolean {
    const phase = this.progressing.value?.phase;
    return phase !== undefined && phase !== 'done';
  }

  /** Trains to the end or until it is stopped; what fails is in `failure`. `data`: the name of what it learns from. */
  async start(teacher: StudioModel, order: DistilOrder, data?: string): Promise<void> {
    const { activity } = this.#project;
    this.failure.value = undefined;
    this.student.value = undefined;
    this.progressing.value = { phase: 'preparing', warnings: [] };
    activity.value = { section: 'distil', what: `Distilling ${teacher.name}` };
    try {
      const run = await freeRunName(`${teacher.name} student`);
      const trainer = createTrainer({ ...order, run, progressMs: SHOWN_EVERY_MS });
      this.#trainer = trainer;
      for await (const event of trainer.events) {
        this.#follow(event, teacher);
        if (event.type === 'start') await updateRecord(run, { teacherId: teacher.id, ...(data ? { data } : {}) });
      }
      await refreshRuns(this.#project);
      this.student.value = this.#project.model(modelIdOf(run));
      if (this.student.value) {
        this.#project.chosen.value = this.student.value.id;
        this.#project.reach('distil');
      }
      this.#tell({ phase: 'done' });
    } catch (error) {
      this.failure.value = error;
      this.progressing.value = undefined;
    } finally {
      this.#trainer?.close();
      this.#trainer = undefined;
      activity.value = undefined;
    }
  }

  async pause(): Promise<void> {
    await this.#trainer?.pause();
  }

  async resume(): Promise<void> {
    await this.#trainer?.resume();
  }

  /** Ends it early: the student is as it is by then. */
  async stop(): Promise<void> {
    await this.#trainer?.stop();
  }

  #tell(what: Partial<Progressing>): void {
    const before = this.progressing.value;
    if (before) this.progressing.value = { ...before, ...what };
  }

  #follow(event: TrainerEvent, teacher: StudioModel): void {
    switch (event.type) {
      case 'machine':
        this.#tell({ machine: event });
        break;
      case 'preparing':
        this.#tell({ preparing: event });
        break;
      case 'start':
        this.#tell({ start: event, phase: 'training' });
        break;
      case 'progress': {
        this.#tell({ progress: event });
        const what = `Distilling ${teacher.name}`;
        this.#project.activity.value = { section: 'distil', what, fraction: event.fraction };
        break;
      }
      case 'evaluation':
        this.#tell({ evaluation: event });
        break;
      case 'paused':
        this.#tell({ phase: 'paused' });
        break;
      case 'resumed':
        this.#tell({ phase: 'training' });
        break;
      case 'done':
        this.#tell({ done: event });
        break;
      case 'warning':
        this.#tell({ warnings: [...(this.progressing.value?.warnings ?? []), event.message] });
        break;
    }
  }
}

/** The name, or the first with a number behind it that no kept run has. */
async function freeRunName(wanted: string): Promise<string> {
  const plain = wanted.replace(/[^\w.\- ]/g, '-').slice(0, 56);
  const taken = new Set((await listRuns()).map(({ run }) => run));
  let name = plain;
  for (let n = 2; taken.has(name); n++) name = `${plain} ${n}`;
  return name;
}
