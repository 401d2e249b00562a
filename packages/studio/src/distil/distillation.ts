/** One distillation in the tab: started, followed, paused, stopped; its student becomes a model at hand. */
import { createTrainer, listRuns, type Trainer, type TrainerEvent, type TrainerOptions } from '@lacuna/client/training';
import { signal } from '@preact/signals';
import { artifactName } from '../artifact-name.ts';
import type { Project, StudioModel } from '../project.ts';

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

  /** Trains to the end or until it is stopped; what fails is in `failure`. */
  async start(teacher: StudioModel, order: DistilOrder): Promise<void> {
    const { activity } = this.#project;
    this.failure.value = undefined;
    this.student.value = undefined;
    this.progressing.value = { phase: 'preparing', warnings: [] };
    activity.value = { section: 'distil', what: `Distilling ${teacher.name}` };
    try {
      const run = await freeRunName(`${teacher.name} student`);
      const trainer = createTrainer({ ...order, run });
      this.#trainer = trainer;
      for await (const event of trainer.events) this.#follow(event, teacher);
      this.student.value = await studentOf(trainer, run, teacher, this.progressing.value?.start);
      this.#project.addModel(this.student.value);
      this.#project.chosen.value = this.student.value.id;
      this.#project.reach('distil');
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

/** Takes both files while the trainer is there: they are small, and need no second reading of the run. */
async function studentOf(
  trainer: Trainer,
  run: string,
  teacher: StudioModel,
  start: Progressing['start'],
): Promise<StudioModel> {
  const name = artifactName(run);
  const file = async (quantization: 'int8' | 'none') =>
    new Blob([(await trainer.export({ name, quantization })) as Uint8Array<ArrayBuffer>]);
  const files = { int8: await file('int8'), none: await file('none') };
  const { config = teacher.config, parameters = 0, labels } = start ?? {};
  return {
    id: `run:${run}`,
    name: run,
    task: teacher.task,
    ...(labels ? { labels } : {}),
    config,
    parameters,
    teacherId: teacher.id,
    artifact: async (quantization = 'int8') => files[quantization],
  };
}
