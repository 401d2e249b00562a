/** Training in the browser: `@lacuna/client/training`. A table of contents. */

export type { Budget, ErrorCode, Metrics, ModelConfig, TokenizerJson } from '@lacuna/core';
export { LacunaError } from '@lacuna/core/errors';
export type * from './events.ts';
export type { DescribedInput, LabelledInput, ModelInput, TextInput } from './inputs.ts';
export { describeRun, exportRun, type RunFacts } from './kept-model.ts';
export type {
  BackendName,
  DistillRun,
  ExportOptions,
  FinetuneRun,
  MachineOptions,
  PretrainRun,
  ResumedRun,
  RunOptions,
  TrainerOptions,
} from './options.ts';
export { deleteRun, type KeptRun, listRuns, readRun } from './status.ts';
export { createTrainer, type Trainer } from './trainer.ts';
