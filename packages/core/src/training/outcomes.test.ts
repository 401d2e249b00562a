import { describe, expect, it } from 'vitest';
import { bootstrap, meanAndSpread, meanInterval } from './bootstrap.ts';
import { metricsOf } from './evaluation.ts';
import { sumOutcomes, textOutcomes, windowOutcomes } from './outcomes.ts';
import { chooseLabelThreshold, chooseScopeThreshold, scopedAnswers, scopeMetrics } from './thresholds.ts';

const logit = (p: number) => Math.log(p / (1 - p));

describe('outcomes', () => {
  it('of windows leave out padding and keep each window apart', () => {
    const ranks = Float32Array.of(0, 0.5, 4, 2, 7, 3, -1, 0);
    expect(windowOutcomes(ranks, 2)).toEqual([
      { count: 2, crossEntropy: 2.5, top1: 1, top5: 2, slots: [] },
      { count: 1, crossEntropy: 3, top1: 0, top5: 0, slots: [] },
    ]);
  });

  it('of texts follow the threshold where there are several labels a text', () => {
    const logits = Float32Array.of(logit(0.4), logit(0.2));
    const targets = Float32Array.of(1, 0);
    const slots = (threshold: number) =>
      textOutcomes(logits, targets, 2, { multiLabel: true, threshold }).map((outcome) => outcome.slots);
    expect([slots(0.5), slots(0.3), slots(0.1)]).toEqual([[[2]], [[0]], [[0, 4]]]);
  });
});

describe('a threshold', () => {
  it('for labels is the one of the best macro-F1', () => {
    // Right labels have 0.3 and 0.35, wrong ones 0.2 at most.
    const logits = Float32Array.from([0.3, 0.2, 0.1, 0.35, 0.2, 0.05], logit);
    const targets = Float32Array.of(1, 0, 0, 1, 0, 0);
    const threshold = chooseLabelThreshold({ logits, targets, numLabels: 2 });
    expect(threshold).toBeGreaterThanOrEqual(0.2);
    expect(threshold).toBeLessThan(0.3);
    const sums = sumOutcomes('classification', textOutcomes(logits, targets, 2, { multiLabel: true, threshold }), 2);
    expect(metricsOf(sums)).toMatchObject({ accuracy: 1, macroF1: 1 });
  });

  const answer = (confidence: number, right: boolean, outside = false) => ({ confidence, right, outside });
  const answers = [answer(0.9, true), answer(0.8, true), answer(0.7, false), answer(0.4, false, true)];

  it('for texts outside of all labels lies where most texts are treated right', () => {
    const mixed = [...answers, answer(0.3, true), answer(0.2, false, true), answer(0.25, false, true)];
    // Below 0.275: two outside are turned away, nothing is lost. Up to 0.55: one more found, one right answer lost.
    expect(chooseScopeThreshold(mixed)).toBeCloseTo(0.275, 10);
    expect(scopeMetrics(mixed, 0.275)).toEqual({
      inScopeAccuracy: 3 / 4,
      outOfScopeRecall: 2 / 3,
      outOfScopePrecision: 1,
    });
  });

  it('for texts outside lies higher where more of them are to come', () => {
    const mixed = [...answers, answer(0.3, true), answer(0.2, false, true), answer(0.25, false, true)];
    expect(chooseScopeThreshold(mixed, 3 / 7)).toBe(chooseScopeThreshold(mixed));
    expect(chooseScopeThreshold(mixed, 0.5)).toBeCloseTo(0.55, 10);
    expect(chooseScopeThreshold(mixed, 0.01)).toBeCloseTo(0.275, 10);
  });

  it('turns nothing away where nothing is outside', () => {
    const inside = answers.filter(({ outside }) => !outside);
    expect(chooseScopeThreshold(inside)).toBe(0);
    expect(chooseScopeThreshold(inside, 0.5)).toBe(0);
  });

  it('treats equal answers alike', () => {
    const equal = [answer(0.5, false, true), answer(0.5, true), answer(0.5, true)];
    expect(chooseScopeThreshold(equal)).toBe(0);
  });

  it('compares the softmax of the best label', () => {
    const logits = Float32Array.of(2, 0, 0, 0, 1, 1);
    const targets = Float32Array.of(1, 0, 0, 0, 0, 0);
    const [first, second] = scopedAnswers({ logits, targets, numLabels: 3 });
    expect(first).toMatchObject({ right: true, outside: false });
    expect(first?.confidence).toBeCloseTo(Math.exp(2) / (Math.exp(2) + 2), 6);
    expect(second).toMatchObject({ right: false, outside: true });
  });
});

describe('a bootstrap', () => {
  const share = (items: readonly number[]) => ({ share: items.reduce((sum, x) => sum + x, 0) / items.length });

  it('finds the interval of a share that theory names', () => {
    const items = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 1 : 0));
    const interval = bootstrap(items, share, { seed: 1 }).share ?? [0, 0];
    const half = 1.96 * Math.sqrt((0.25 * 0.75) / 400);
    expect(interval[0]).toBeCloseTo(0.25 - half, 2);
    expect(interval[1]).toBeCloseTo(0.25 + half, 2);
  });

  it('gives the same interval for the same seed, another for another', () => {
    const items = Array.from({ length: 50 }, (_, i) => i);
    const at = (seed: number) => bootstrap(items, share, { seed });
    expect(at(3)).toEqual(at(3));
    expect(at(3)).not.toEqual(at(4));
  });

  it('is as wide as the level', () => {
    const items = Array.from({ length: 100 }, (_, i) => i % 2);
    const width = (level: number) => {
      const [low, high] = bootstrap(items, share, { seed: 1, level }).share as [number, number];
      return high - low;
    };
    expect(width(0.5)).toBeLessThan(width(0.95));
  });
});

it('the interval of a mean over seeds is as wide as Student says, and unknown for one seed', () => {
  // t of 2 degrees of freedom is 4.303; the deviation of 1, 2, 3 is 1.
  expect(meanInterval([1, 2, 3])).toEqual([
    expect.closeTo(2 - 4.303 / Math.sqrt(3), 6),
    expect.closeTo(2 + 4.303 / Math.sqrt(3), 6),
  ]);
  expect(meanInterval([1, 3])?.[1]).toBeCloseTo(2 + 12.706, 6);
  expect(meanInterval([5])).toBeUndefined();
});

it('seeds are summed up by their mean and sample standard deviation', () => {
  expect(meanAndSpread([1, 2, 3])).toEqual({ mean: 2, sd: 1 });
  expect(meanAndSpread([4])).toEqual({ mean: 4, sd: 0 });
});
