/** The general distillation loss: a student fills the gaps as its teacher would. Paper: arXiv 1910.01108 */
import { LacunaError } from '../errors.ts';
import type { MaskedBatch } from '../model/batch.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Dropout } from '../model/encoder.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';
import { vocabularyHead } from './masked.ts';

export interface DistillationWeights {
  /** Of `T² · KL(teacher ‖ student)` over the teacher's top pieces and the rest as one bucket. */
  readonly soft: number;
  /** Of the cross-entropy with the removed tokens. */
  readonly hard: number;
  /** Of `1 − cos` between the gaps' states; needs equal hidden sizes. */
  readonly hidden: number;
}

export interface DistillationLossOptions {
  readonly weights: DistillationWeights;
  readonly topK: number;
  readonly temperature: number;
  readonly zLoss: number;
}

/** A frozen model in the student's backend. */
export interface Teacher {
  readonly config: ModelConfig;
  readonly params: Params;
}

/** Throws `invalid_config` unless the student can learn from this teacher. */
export function checkTeacher(student: ModelConfig, teacher: ModelConfig, weights: DistillationWeights): void {
  const differs = (field: 'vocabSize' | 'hiddenSize', help: string) => {
    throw new LacunaError(
      'invalid_config',
      `distillation: ${field} must be the teacher's ${teacher[field]}, got ${student[field]}. ${help}`,
      { field, expected: teacher[field], got: student[field] },
    );
  };
  if (student.vocabSize !== teacher.vocabSize) differs('vocabSize', 'Use the teacher’s tokenizer.');
  if (weights.hidden > 0 && student.hiddenSize !== teacher.hiddenSize) {
    differs('hiddenSize', 'Set the weight of hidden states to 0 for a student of another width.');
  }
}

/**
 * `soft · T²·KL + hard · CE + hidden · (1 − cos)` over the gaps → scalar. The teacher runs on `bare`, the ops under
 * the tape, so nothing of it is recorded.
 */
export function distillationLoss(
  ops: Ops,
  bare: Ops,
  params: Params,
  config: ModelConfig,
  teacher: Teacher,
  batch: MaskedBatch,
  options: DistillationLossOptions,
  dropout?: Dropout,
): Tensor {
  const { weights, topK, temperature, zLoss } = options;
  const taught = gapStates(bare, teacher.params, teacher.config, batch).gaps; // (B·G, Ct)
  const { gaps } = gapStates(ops, params, config, batch, dropout); // (B·G, C)
  const { table, bias } = vocabularyHead(params);
  const head = vocabularyHead(teacher.params);
  const soft =
    weights.soft > 0
      ? { targets: bare.topTargets(taught, head.table, head.bias, topK, temperature), weight: weights.soft }
      : undefined;
  const loss = ops.vocabularyLoss(gaps, table, bias, {
    labels: batch.labels,
    hardWeight: weights.hard,
    zLoss,
    ...(soft ? { soft } : {}),
  });
  if (weights.hidden === 0) return loss;
  return ops.add(loss, ops.scale(ops.cosineLoss(gaps, taught), weights.hidden));
}
