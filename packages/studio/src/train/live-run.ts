/** A run as it is seen right now: what its events said, put together. */
import type {
  EvaluationEvent,
  MachineEvent,
  PreparingEvent,
  ProgressEvent,
  RunFacts,
  SamplesEvent,
  StartEvent,
  TrainerEvent,
  WarningEvent,
} from '@lacuna/client/training';
import { HistoryRecorder, type RunHistory } from '../runs/run-history.ts';

export type Phase = 'preparing' | 'training' | 'paused' | 'done' | 'stopped' | 'failed';

export interface LiveRun {
  readonly run: string;
  readonly title: string;
  readonly task: RunFacts['task'];
  readonly phase: Phase;
  /** Of what was asked of it and has not happened yet. */
  readonly asked: 'pause' | 'stop' | undefined;
  readonly machine: MachineEvent | undefined;
  readonly preparing: PreparingEvent | undefined;
  readonly start: StartEvent | undefined;
  readonly progress: ProgressEvent | undefined;
  readonly evaluation: EvaluationEvent | undefined;
  readonly samples: SamplesEvent | undefined;
  readonly warnings: readonly WarningEvent[];
  readonly history: RunHistory;
}

const MOST_WARNINGS = 5;

export class LiveRunRecorder {
  readonly recorder: HistoryRecorder;
  #live: Omit<LiveRun, 'history'>;

  constructor({ run, title, task }: Pick<LiveRun, 'run' | 'title' | 'task'>, history?: RunHistory) {
    this.recorder = new HistoryRecorder(history);
    this.#live = {
      run,
      title,
      task,
      phase: 'preparing',
      asked: undefined,
      machine: undefined,
      preparing: undefined,
      start: undefined,
      progress: undefined,
      evaluation: undefined,
      samples: undefined,
      warnings: [],
    };
  }

  get live(): LiveRun {
    return { ...this.#live, history: this.recorder.history };
  }

  ask(asked: LiveRun['asked']): void {
    this.#live = { ...this.#live, asked };
  }

  /** It ended otherwise than by its last event. */
  end(phase: 'failed' | 'stopped'): void {
    this.#live = { ...this.#live, phase, asked: undefined };
  }

  hear(event: TrainerEvent): void {
    const live = this.#live;
    switch (event.type) {
      case 'machine':
        this.#live = { ...live, machine: event };
        break;
      case 'preparing':
        this.#live = { ...live, preparing: event };
        break;
      case 'start':
        this.recorder.rewind(event.step);
        this.#live = { ...live, phase: 'training', start: event };
        break;
      case 'progress':
        this.recorder.progress(event);
        this.#live = { ...live, progress: event };
        break;
      case 'evaluation':
        this.recorder.evaluation(event);
        this.#live = { ...live, evaluation: event };
        break;
      case 'samples':
        this.#live = { ...live, samples: event };
        break;
      case 'warning':
        this.#live = { ...live, warnings: [...live.warnings, event].slice(-MOST_WARNINGS) };
        break;
      case 'paused':
        this.#live = { ...live, phase: 'paused', asked: undefined };
        break;
      case 'resumed':
        this.#live = { ...live, phase: 'training' };
        break;
      case 'done':
        this.#live = { ...live, phase: event.complete ? 'done' : 'stopped', asked: undefined };
        break;
    }
  }
}
