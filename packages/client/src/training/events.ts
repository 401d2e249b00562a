/** What a trainer tells, in this order: the machine, the preparation, the start, then the training until it is done. */
import type {
  BackendTiming,
  ErrorCode,
  FinetuneRecipe,
  Metrics,
  ModelConfig,
  PretrainRecipe,
  Progress,
  Unavailable,
} from '@lacuna/core';
import type { BackendName } from './options.ts';

/** First of all: on what it trains. */
export interface MachineEvent {
  readonly type: 'machine';
  readonly backend: BackendName;
  readonly lanes: number;
  /** How lanes pass gradients: `none` where there is one lane. */
  readonly exchange: 'shared memory' | 'copies' | 'none';
  /** Why this backend and this exchange. */
  readonly reason: string;
  /** What `auto` measured, fastest first; empty where there was nothing to choose. */
  readonly timings: readonly BackendTiming[];
  /** What would be faster and is not there. */
  readonly unavailable: readonly Unavailable[];
}

export interface PreparingEvent {
  readonly type: 'preparing';
  readonly phase: 'reading' | 'tokenizer' | 'examples';
  /** 0 to 1, where it is known. */
  readonly fraction?: number;
}

export interface StartEvent extends Progress {
  readonly type: 'start';
  readonly task: 'pretrain' | 'finetune' | 'distill';
  readonly config: ModelConfig;
  readonly parameters: number;
  readonly recipe: PretrainRecipe | FinetuneRecipe;
  /** Of a classifier. */
  readonly labels?: readonly string[];
}

/** A step's; of some of them only where they come faster than `progressMs`. */
export interface ProgressEvent extends Progress {
  readonly type: 'progress';
  readonly loss: number;
  readonly learningRate: number;
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  readonly etaSeconds: number;
  /** Share of the budget that is spent, 0 to 1. */
  readonly fraction: number;
  /** Share of removed tokens in the batch; absent for whole texts. */
  readonly ratio?: number;
  /** What the lanes' backends hold, looked at now and then; 0 where a backend does not tell. */
  readonly memoryBytes: number;
}

export interface EvaluationEvent extends Progress {
  readonly type: 'evaluation';
  readonly metrics: Metrics;
}

/** Texts with gaps as the model fills them by now: every ten seconds or so, and at the end. */
export interface SamplesEvent extends Progress {
  readonly type: 'samples';
  readonly samples: readonly {
    /** With `[MASK]` where something is missing. */
    readonly text: string;
    /** The best candidate a gap, with its probability. */
    readonly gaps: readonly { readonly token: string; readonly score: number }[];
  }[];
}

export interface WarningEvent {
  readonly type: 'warning';
  readonly code: ErrorCode;
  readonly message: string;
}

/** Saved under the run's name; of a run without a name, kept in memory. */
export interface CheckpointEvent extends Progress {
  readonly type: 'checkpoint';
  readonly reason: 'interval' | 'asked' | 'end' | 'aborted';
  readonly sizeBytes: number;
}

export interface PauseEvent {
  readonly type: 'paused' | 'resumed';
}

export interface DoneEvent extends Progress {
  readonly type: 'done';
  /** False when it was stopped: the run can be resumed. */
  readonly complete: boolean;
  readonly metrics?: Metrics;
}

export type TrainerEvent =
  | MachineEvent
  | PreparingEvent
  | StartEvent
  | ProgressEvent
  | EvaluationEvent
  | SamplesEvent
  | WarningEvent
  | CheckpointEvent
  | PauseEvent
  | DoneEvent;
