/** Where a classifier's answer begins: thresholds that are chosen on one set of texts and used on another. */

import { macroF1Of } from './evaluation.ts';
import { type Outcome, sumOutcomes, textOutcomes } from './outcomes.ts';

/** A classifier's raw answers to N texts beside what is right; a text of no label has only zeros. */
export interface Predictions {
  /** (N, K) */
  readonly logits: Float32Array;
  /** (N, K) */
  readonly targets: Float32Array;
  readonly numLabels: number;
}

/** How sure the best label is, and whether it is right; `outside` when the text has none of the labels. */
export interface ScopedAnswer {
  readonly confidence: number;
  readonly right: boolean;
  readonly outside: boolean;
}

/** Figures of a classifier that says "none of these" below a threshold. */
export interface ScopeMetrics {
  /** Of the texts with a label: share that was not turned away and got the right one. */
  readonly inScopeAccuracy: number;
  /** Of the texts without a label: share that was turned away. */
  readonly outOfScopeRecall: number;
  /** Of the texts that were turned away: share without a label. */
  readonly outOfScopePrecision: number;
}

/** One answer a text: the softmax's best label. */
export function scopedAnswers({ logits, targets, numLabels: K }: Predictions): ScopedAnswer[] {
  return Array.from({ length: logits.length / K }, (_, n) => {
    const row = logits.subarray(n * K, (n + 1) * K);
    const max = Math.max(...row);
    const best = row.indexOf(max);
    const wanted = targets.subarray(n * K, (n + 1) * K);
    const confidence = 1 / row.reduce((sum, x) => sum + Math.exp(x - max), 0);
    return { confidence, right: wanted[best] === 1, outside: wanted.every((x) => x === 0) };
  });
}

/** At `threshold`: answers less sure than it are turned away. */
export function scopeMetrics(answers: readonly ScopedAnswer[], threshold: number): ScopeMetrics {
  let [inside, right, outside, found, turned] = [0, 0, 0, 0, 0];
  for (const answer of answers) {
    const away = answer.confidence < threshold;
    if (away) turned++;
    if (answer.outside) {
      outside++;
      if (away) found++;
    } else {
      inside++;
      if (!away && answer.right) right++;
    }
  }
  return {
    inScopeAccuracy: right / inside,
    outOfScopeRecall: found / outside,
    outOfScopePrecision: turned === 0 ? 0 : found / turned,
  };
}

/**
 * The confidence below which to turn a text away, so that most texts are treated right, those without a label
 * included; the lowest of equally good ones. `share` is that of texts without a label in use, between 0 and 1, where it
 * is another than among these.
 */
export function chooseScopeThreshold(answers: readonly ScopedAnswer[], share?: number): number {
  const sorted = [...answers].sort((a, b) => a.confidence - b.confidence);
  const outside = sorted.filter((answer) => answer.outside).length;
  // How many of the texts with a label each of the others stands for.
  const weight = share === undefined ? 1 : ((share / (1 - share)) * (sorted.length - outside)) / outside;
  let right = sorted.filter((answer) => answer.right).length;
  let best = { right, threshold: 0 };
  for (const [i, { confidence, ...answer }] of sorted.entries()) {
    right += (answer.outside ? weight : 0) - (answer.right ? 1 : 0);
    const next = sorted[i + 1]?.confidence ?? 1;
    // Equal answers go the same way.
    if (next > confidence && right > best.right) best = { right, threshold: (confidence + next) / 2 };
  }
  return best.threshold;
}

/** The one probability above which labels are given, out of 0.05, 0.06, … 0.95, with the best macro-F1. */
export function chooseLabelThreshold({ logits, targets, numLabels: K }: Predictions): number {
  let best = { macroF1: -1, threshold: 0.5 };
  for (let percent = 5; percent <= 95; percent++) {
    const threshold = percent / 100;
    const outcomes: Outcome[] = textOutcomes(logits, targets, K, { multiLabel: true, threshold });
    const macroF1 = macroF1Of(sumOutcomes('classification', outcomes, K).perLabel);
    if (macroF1 > best.macroF1) best = { macroF1, threshold };
  }
  return best.threshold;
}
