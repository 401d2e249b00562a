/** What came of each text or window: the units that scores are sums of, and that a bootstrap draws again. */
import type { ScoreSums } from './evaluation.ts';

/** One window's gaps, or one text. */
export interface Outcome {
  /** Gaps, or 1. */
  readonly count: number;
  /** Σ cross-entropy in nats. */
  readonly crossEntropy: number;
  readonly top1: number;
  readonly top5: number;
  /** Places in `perLabel` of the sums that go up by one: 3k for a hit of label k, 3k + 1 for a false one, 3k + 2 missed. */
  readonly slots: readonly number[];
}

export interface AnswerOptions {
  /** A text's answer is every label whose probability is above `threshold`, not the one best label. */
  readonly multiLabel: boolean;
  /** Default 0.5; only for several labels a text. */
  readonly threshold?: number;
}

/** `ranks` (B·G, 2) as `vocabularyRank` gives them; one outcome a window. A rank below 0 is padding. */
export function windowOutcomes(ranks: Float32Array, windows: number): Outcome[] {
  const width = ranks.length / windows;
  return Array.from({ length: windows }, (_, row) => {
    const sums = { count: 0, crossEntropy: 0, top1: 0, top5: 0 };
    for (let i = row * width; i < (row + 1) * width; i += 2) {
      const rank = ranks[i] as number;
      if (rank < 0) continue;
      sums.count++;
      sums.crossEntropy += ranks[i + 1] as number;
      if (rank < 1) sums.top1++;
      if (rank < 5) sums.top5++;
    }
    return { ...sums, slots: [] };
  });
}

/** Answers `logits` (N, K) against `targets` (N, K), where 1 is a right label and a teacher's probabilities may stand. */
export function textOutcomes(
  logits: Float32Array,
  targets: Float32Array,
  K: number,
  { multiLabel, threshold = 0.5 }: AnswerOptions,
): Outcome[] {
  const cut = Math.log(threshold / (1 - threshold));
  return Array.from({ length: logits.length / K }, (_, n) => {
    const row = logits.subarray(n * K, (n + 1) * K);
    const wanted = targets.subarray(n * K, (n + 1) * K);
    const given = multiLabel ? row.map((x) => (x > cut ? 1 : 0)) : oneHot(row);
    const right = multiLabel ? wanted.map((x) => (x > 0.5 ? 1 : 0)) : oneHot(wanted);
    const slots: number[] = [];
    let all = 1;
    for (let k = 0; k < K; k++) {
      if (given[k] !== right[k]) all = 0;
      if (given[k] && right[k]) slots.push(3 * k);
      else if (given[k]) slots.push(3 * k + 1);
      else if (right[k]) slots.push(3 * k + 2);
    }
    const crossEntropy = multiLabel ? logisticLoss(row, wanted) : softmaxLoss(row, wanted);
    return { count: 1, crossEntropy, top1: all, top5: 0, slots };
  });
}

/** Their sum; K labels, 0 for gaps. */
export function sumOutcomes(kind: ScoreSums['kind'], outcomes: readonly Outcome[], K: number): ScoreSums {
  const perLabel = new Array<number>(3 * K).fill(0);
  const sums = { count: 0, crossEntropy: 0, top1: 0, top5: 0 };
  for (const { count, crossEntropy, top1, top5, slots } of outcomes) {
    sums.count += count;
    sums.crossEntropy += crossEntropy;
    sums.top1 += top1;
    sums.top5 += top5;
    for (const slot of slots) perLabel[slot] = (perLabel[slot] as number) + 1;
  }
  return { kind, ...sums, perLabel };
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
