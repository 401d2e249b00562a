/** Scores of a model on held-out batches, as sums that add up over batches and lanes, and what they say. */

import { vocabularyHead } from '../losses/masked.ts';
import type { MaskedBatch, TextBatch } from '../model/batch.ts';
import { classifierLogits } from '../model/classifier.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params } from '../tensor/tensor.ts';
import { type Outcome, sumOutcomes, textOutcomes, windowOutcomes } from './outcomes.ts';

/** Plain numbers, so that they can be posted between threads. */
export interface ScoreSums {
  readonly kind: 'masked' | 'classification';
  /** Gaps, or texts. */
  readonly count: number;
  /** Σ cross-entropy in nats. */
  readonly crossEntropy: number;
  /** How often the best answer was right (multi-label: all labels right at once). */
  readonly top1: number;
  /** How often the right piece was among the five best; gaps only. */
  readonly top5: number;
  /** Per label true positives, false positives, false negatives, (3·K); texts only. */
  readonly perLabel: readonly number[];
}

/** Mask-only figures over removed tokens. */
export interface MaskedMetrics {
  readonly top1: number;
  readonly top5: number;
  /** Mean, in nats. */
  readonly crossEntropy: number;
  /** exp(crossEntropy): comparable only at the same ratio of gaps. */
  readonly pseudoPerplexity: number;
  /** Removed tokens that were scored. */
  readonly tokens: number;
}

export interface ClassificationMetrics {
  /** Share of texts whose label, or whole set of labels, is right. */
  readonly accuracy: number;
  /** Mean over the labels of F1; a label never seen and never given counts as 0. */
  readonly macroF1: number;
  readonly crossEntropy: number;
  readonly examples: number;
}

/** How well one label is found. What was never given has a precision of 0, what no text has a recall of 0. */
export interface LabelMetrics {
  /** Of the texts that were given the label: share that has it. */
  readonly precision: number;
  /** Of the texts that have the label: share that was given it. */
  readonly recall: number;
  readonly f1: number;
  /** Texts that have it. */
  readonly examples: number;
}

export type Metrics = MaskedMetrics | ClassificationMetrics;

/** Ranks and losses at the gaps of one batch, window by window. */
export async function maskedOutcomes(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
): Promise<Outcome[]> {
  const { gaps } = gapStates(ops, params, config, batch);
  const { table, bias } = vocabularyHead(params);
  const ranks = await ops.read(ops.vocabularyRank(gaps, table, bias, batch.labels)); // (B·G, 2)
  return windowOutcomes(ranks, batch.batchSize);
}

/** Their sum. */
export async function maskedScores(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
): Promise<ScoreSums> {
  return sumOutcomes('masked', await maskedOutcomes(ops, params, config, batch), 0);
}

/** Right and wrong labels of one batch; multi-label answers are the labels above one half. */
export async function classificationScores(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: TextBatch,
  multiLabel: boolean,
): Promise<ScoreSums> {
  const logits = await ops.read(classifierLogits(ops, params, config, batch)); // (B, K)
  const K = logits.length / batch.batchSize;
  return sumOutcomes('classification', textOutcomes(logits, batch.targets, K, { multiLabel }), K);
}

/** Sums over all parts, in their order. */
export function addScores(parts: readonly ScoreSums[]): ScoreSums {
  const [first, ...rest] = parts;
  if (!first) return { kind: 'masked', count: 0, crossEntropy: 0, top1: 0, top5: 0, perLabel: [] };
  return rest.reduce<ScoreSums>(
    (sum, part) => ({
      kind: sum.kind,
      count: sum.count + part.count,
      crossEntropy: sum.crossEntropy + part.crossEntropy,
      top1: sum.top1 + part.top1,
      top5: sum.top5 + part.top5,
      perLabel: sum.perLabel.map((n, i) => n + (part.perLabel[i] as number)),
    }),
    first,
  );
}

/** Means and rates of the sums. */
export function metricsOf(sums: ScoreSums): Metrics {
  const { count } = sums;
  const crossEntropy = sums.crossEntropy / count;
  if (sums.kind === 'masked') {
    return {
      top1: sums.top1 / count,
      top5: sums.top5 / count,
      crossEntropy,
      pseudoPerplexity: Math.exp(crossEntropy),
      tokens: count,
    };
  }
  return { accuracy: sums.top1 / count, macroF1: macroF1Of(sums.perLabel), crossEntropy, examples: count };
}

/** One label after the other, out of `perLabel` (3·K). */
export function labelMetricsOf(perLabel: readonly number[]): LabelMetrics[] {
  return Array.from({ length: perLabel.length / 3 }, (_, k) => {
    const [hits, extra, missed] = perLabel.slice(3 * k, 3 * k + 3) as [number, number, number];
    const share = (whole: number) => (hits > 0 ? hits / whole : 0);
    return {
      precision: share(hits + extra),
      recall: share(hits + missed),
      f1: 2 * share(2 * hits + extra + missed),
      examples: hits + missed,
    };
  });
}

/** Mean of the labels' F1 out of `perLabel` (3·K). */
export function macroF1Of(perLabel: readonly number[]): number {
  const labels = labelMetricsOf(perLabel);
  return labels.reduce((sum, { f1 }) => sum + f1, 0) / labels.length;
}
