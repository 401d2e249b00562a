/** Task distillation's data: texts labelled by one or several classifiers, as probabilities a student learns from. */
import { LacunaError } from '../errors.ts';
import { classifierLogits } from '../model/classifier.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params } from '../tensor/tensor.ts';
import { Pauses } from '../training/pauses.ts';
import { type EncodedExample, textBatch } from '../training/text-batches.ts';

/** Probabilities (N, K) for N texts of like length. */
export type Teacher = (texts: readonly EncodedExample[]) => Promise<Float32Array> | Float32Array;

/** A classifier in a backend: softmax, or logistic for multi-label. */
export function classifierTeacher(ops: Ops, config: ModelConfig, params: Params, multiLabel: boolean): Teacher {
  return async (texts) => {
    const batch = { ...textBatch(texts, config.padTokenId), targets: new Float32Array(0) };
    const logits = await ops.scope(() => ops.read(classifierLogits(ops, params, config, batch))); // (N, K)
    return probabilities(logits, logits.length / texts.length, multiLabel);
  };
}

export interface SoftLabelOptions {
  /** Texts a pass; 64 by default. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The same texts with the teachers' mean probabilities for targets. An ensemble is a list of several. Texts of like length
 * run together; the order that comes back is the one that was given.
 */
export async function softLabels(
  teachers: readonly Teacher[],
  examples: readonly EncodedExample[],
  { batchSize = 64, signal, onProgress }: SoftLabelOptions = {},
): Promise<EncodedExample[]> {
  if (teachers.length === 0) throw new LacunaError('invalid_argument', 'softLabels: expected a teacher, got none.');
  const labelled = new Array<EncodedExample>(examples.length);
  const order = examples.map((_, i) => i).sort((a, b) => lengthOf(examples, a) - lengthOf(examples, b) || a - b);
  const pauses = new Pauses();
  for (let from = 0; from < order.length; from += batchSize) {
    await pauses.take(signal);
    const rows = order.slice(from, from + batchSize);
    const texts = rows.map((i) => examples[i] as EncodedExample);
    let mean = new Float32Array(0);
    for (const teacher of teachers) {
      const given = await teacher(texts);
      if (mean.length === 0) mean = new Float32Array(given.length);
      for (let i = 0; i < given.length; i++) mean[i] = (mean[i] as number) + (given[i] as number) / teachers.length;
    }
    const K = mean.length / rows.length;
    rows.forEach((i, b) => {
      labelled[i] = { ids: (examples[i] as EncodedExample).ids, targets: mean.slice(b * K, (b + 1) * K) };
    });
    onProgress?.(from + rows.length, order.length);
  }
  return labelled;
}

/** Rows of probabilities from logits (N, K). */
export function probabilities(logits: Float32Array, K: number, multiLabel: boolean): Float32Array {
  if (multiLabel) return logits.map((x) => 1 / (1 + Math.exp(-x)));
  const result = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += K) {
    const exps = Array.from(logits.subarray(row, row + K));
    const max = Math.max(...exps);
    let sum = 0;
    for (let k = 0; k < K; k++) sum += exps[k] = Math.exp((exps[k] as number) - max);
    for (let k = 0; k < K; k++) result[row + k] = (exps[k] as number) / sum;
  }
  return result;
}

function lengthOf(examples: readonly EncodedExample[], i: number): number {
  return (examples[i] as EncodedExample).ids.length;
}
