/** What a lane learns: a plain description that can be posted to a thread, and the loss and scores it stands for. */
import { LacunaError } from '../errors.ts';
import { type ClassificationLossOptions, classificationLoss } from '../losses/classification.ts';
import {
  checkTeacher,
  type DistillationLossOptions,
  type DistillationWeights,
  distillationLoss,
} from '../losses/distillation.ts';
import { maskedLoss } from '../losses/masked.ts';
import type { Batch, MaskedBatch, TextBatch } from '../model/batch.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Dropout } from '../model/encoder.ts';
import { type HeadConfig, parameterShapes } from '../model/parameters.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params, Shape, Tensor } from '../tensor/tensor.ts';
import { classificationScores, maskedScores, type ScoreSums } from './evaluation.ts';

interface CommonTask {
  readonly config: ModelConfig;
  /** Dropout on every sub-layer's output; 0 by default. */
  readonly dropout?: number;
}

/** Fill the gaps: the masked autoencoder, or the masked-LM control, as the config says. */
export interface MaskedTask extends CommonTask {
  readonly kind: 'masked';
  /** Weight of z-loss; 1e-4 by default. */
  readonly zLoss?: number;
}

/** Name the text's label, or all of its labels. */
export interface ClassificationTask extends CommonTask {
  readonly kind: 'classification';
  readonly numLabels: number;
  readonly multiLabel?: boolean;
  /** Weight of the squared error on a teacher's logits; 0 by default. */
  readonly logitsWeight?: number;
}

/** Fill the gaps as the teacher would. */
export interface DistillationTask extends CommonTask {
  readonly kind: 'distillation';
  readonly teacher: { readonly config: ModelConfig; readonly parameters: Readonly<Record<string, Float32Array>> };
  /** 0.5 soft, 0.3 hard, 0.2 hidden by default. */
  readonly weights?: DistillationWeights;
  /** 64 by default. */
  readonly topK?: number;
  /** 2 by default. */
  readonly temperature?: number;
  readonly zLoss?: number;
}

export type TaskSpec = MaskedTask | ClassificationTask | DistillationTask;

export const Z_LOSS = 1e-4;
export const DISTILLATION_WEIGHTS: DistillationWeights = { soft: 0.5, hard: 0.3, hidden: 0.2 };

export interface Task {
  readonly spec: TaskSpec;
  readonly shapes: Readonly<Record<string, Shape>>;
  /** The batch's mean loss on `ops`, usually a tape → scalar. */
  loss(ops: Ops, params: Params, batch: Batch, dropout?: Dropout): Tensor;
  /** What the batch adds to an evaluation. Runs on the bare ops; call it in a scope. */
  score(params: Params, batch: Batch): Promise<ScoreSums>;
}

/** The head that a task puts on the encoder. */
export function headOf(spec: TaskSpec): HeadConfig | undefined {
  return spec.kind === 'classification' ? { numLabels: spec.numLabels } : undefined;
}

/** How many tokens a batch holds, gaps included and padding not. */
export function tokensOf(batch: Batch): number {
  if (batch.kind === 'masked') return batch.batchSize * (batch.visibleLength + batch.gapLength);
  return batch.lengths.reduce((sum, length) => sum + length, 0);
}

/** How many terms the mean of a batch's loss has: a slice's share of the whole is the ratio of the two. */
export function termsOf(batch: Batch): number {
  return batch.kind === 'text' ? batch.batchSize : batch.labels.reduce((n, label) => (label >= 0 ? n + 1 : n), 0);
}

/** The task in a backend: a teacher's weights are copied there once. */
export function createTask(bare: Ops, spec: TaskSpec): Task {
  const shapes = parameterShapes(spec.config, headOf(spec));
  const { config } = spec;
  if (spec.kind === 'classification') {
    const options: ClassificationLossOptions = {
      multiLabel: spec.multiLabel ?? false,
      logitsWeight: spec.logitsWeight ?? 0,
    };
    return {
      spec,
      shapes,
      loss: (ops, params, batch, dropout) => classificationLoss(ops, params, config, asText(batch), options, dropout),
      score: (params, batch) => classificationScores(bare, params, config, asText(batch), options.multiLabel),
    };
  }
  const score = (params: Params, batch: Batch) => maskedScores(bare, params, config, asMasked(batch));
  const zLoss = spec.zLoss ?? Z_LOSS;
  if (spec.kind === 'masked') {
    return {
      spec,
      shapes,
      loss: (ops, params, batch, dropout) => maskedLoss(ops, params, config, asMasked(batch), zLoss, dropout),
      score,
    };
  }
  const options: DistillationLossOptions = {
    weights: spec.weights ?? DISTILLATION_WEIGHTS,
    topK: spec.topK ?? 64,
    temperature: spec.temperature ?? 2,
    zLoss,
  };
  checkTeacher(config, spec.teacher.config, options.weights);
  const teacher = { config: spec.teacher.config, params: frozen(bare, spec.teacher.config, spec.teacher.parameters) };
  return {
    spec,
    shapes,
    loss: (ops, params, batch, dropout) =>
      distillationLoss(ops, bare, params, config, teacher, asMasked(batch), options, dropout),
    score,
  };
}

/** A model's parameters as persistent constants. */
export function frozen(ops: Ops, config: ModelConfig, values: Readonly<Record<string, Float32Array>>): Params {
  const params: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(parameterShapes(config))) {
    const array = values[name];
    if (!array) throw new LacunaError('checkpoint_mismatch', `task: the teacher lacks "${name}".`, { name });
    params[name] = ops.persistent(shape, array);
  }
  return params;
}

function asMasked(batch: Batch): MaskedBatch {
  if (batch.kind === 'masked') return batch;
  throw new LacunaError('invalid_argument', 'task: expected a batch with gaps, got whole texts.', { kind: batch.kind });
}

function asText(batch: Batch): TextBatch {
  if (batch.kind === 'text') return batch;
  throw new LacunaError('invalid_argument', 'task: expected whole texts, got a batch with gaps.', { kind: batch.kind });
}
