/** Scores of a model on held-out batches, as sums that add up over batches and lanes, and what they say. */

import { vocabularyHead } from '../losses/masked.ts';
import type { MaskedBatch, TextBatch } from '../model/batch.ts';
import { classifierLogits } from '../model/classifier.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params } from '../tensor/tensor.ts';

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

export type Metrics = MaskedMetrics | ClassificationMetrics;

/** Ranks and losses at the gaps of one batch. */
export async function maskedScores(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: MaskedBatch,
): Promise<ScoreSums> {
  const { gaps } = gapStates(ops, params, config, batch);
  const { table, bias } = vocabularyHead(params);
  const ranks = await ops.read(ops.vocabularyRank(gaps, table, bias, batch.labels)); // (B·G, 2)
  const sums = { count: 0, crossEntropy: 0, top1: 0, top5: 0 };
  for (let i = 0; i < ranks.length; i += 2) {
    const rank = ranks[i] as number;
    if (rank < 0) continue;
    sums.count++;
    sums.crossEntropy += ranks[i + 1] as number;
    if (rank < 1) sums.top1++;
    if (rank < 5) sums.top5++;
  }
  return { kind: 'masked', ...sums, perLabel: [] };
}

/** Right and wrong labels of one batch; multi-label answers are the logits above `threshold`'s logit. */
export async function classificationScores(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  batch: TextBatch,
  multiLabel: boolean,
  threshold = 0.5,
): Promise<ScoreSums> {
  const logits = await ops.read(classifierLogits(ops, params, config, batch)); // (B, K)
  const K = logits.length / batch.batchSize;
  const perLabel = new Array<number>(3 * K).fill(0);
  const count = (slot: number) => {
    perLabel[slot] = (perLabel[slot] as number) + 1;
  };
  let top1 = 0;
  let crossEntropy = 0;
  const cut = Math.log(threshold / (1 - threshold));
  for (let b = 0; b < batch.batchSize; b++) {
    const row = logits.subarray(b * K, (b + 1) * K);
    const targets = batch.targets.subarray(b * K, (b + 1) * K);
    crossEntropy += multiLabel ? logisticLoss(row, targets) : softmaxLoss(row, targets);
    const given = multiLabel ? row.map((x) => (x > cut ? 1 : 0)) : oneHot(row);
    const right = multiLabel ? targets.map((x) => (x > 0.5 ? 1 : 0)) : oneHot(targets);
    let all = true;
    for (let k = 0; k < K; k++) {
      if (given[k] && right[k]) count(3 * k);
      else if (given[k]) count(3 * k + 1);
      else if (right[k]) count(3 * k + 2);
      all &&= given[k] === right[k];
    }
    if (all) top1++;
  }
  return { kind: 'classification', count: batch.batchSize, crossEntropy, top1, top5: 0, perLabel };
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
  const K = sums.perLabel.length / 3;
  let macroF1 = 0;
  for (let k = 0; k < K; k++) {
    const [hits, extra, missed] = sums.perLabel.slice(3 * k, 3 * k + 3) as [number, number, number];
    if (hits > 0) macroF1 += (2 * hits) / (2 * hits + extra + missed) / K;
  }
  return { accuracy: sums.top1 / count, macroF1, crossEntropy, examples: count };
}

function oneHot(row: Float32Array): Float32Array {
  const best = row.indexOf(Math.max(...row));
  return row.map((_, k) => (k === best ? 1 : 0));
}

function softmaxLoss(logits: Float32Array, targets: Float32Array): number {
  const max = Math.max(...logits);
  const logSum = max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0));
  return targets.reduce((sum, t, k) => (t > 0 ? sum + t * (logSum - (logits[k] as number)) : sum), 0);
}

function logisticLoss(logits: Float32Array, targets: Float32Array): number {
  const sum = logits.reduce(
    (total, x, k) => total + Math.max(x, 0) - x * (targets[k] as number) + Math.log1p(Math.exp(-Math.abs(x))),
    0,
  );
  return sum / logits.length;
}
