/** Differences between variants, on outcomes whose figures can be worked out by hand. */
import type { Outcome } from '@lacuna/core';
import { expect, it } from 'vitest';
import { compare } from './comparison.ts';
import type { ArmScore } from './score.ts';

/** A window of ten gaps, so many of them right. */
const window = (right: number, count = 10): Outcome => ({
  count,
  crossEntropy: 2 * count,
  top1: right,
  top5: right,
  slots: [],
});
const score = (...rights: number[]): ArmScore => ({ numLabels: 0, outcomes: rights.map((right) => window(right)) });
const by = (...scores: ArmScore[]) => new Map(scores.map((one, i) => [i + 1, one]));

it('a difference is the mean over seeds, its interval over seeds Student’s', () => {
  const control = by(score(2, 4), score(4, 4), score(2, 2));
  const variant = by(score(3, 5), score(6, 6), score(5, 5));
  const { mean, sd, difference } = compare('variant', variant, control);
  expect(mean.top1).toBeCloseTo(0.5, 12);
  expect(sd.top1).toBeCloseTo(0.1, 12);
  const { top1 } = difference ?? {};
  expect(top1?.mean).toBeCloseTo(0.2, 12);
  expect(top1?.perSeed).toEqual([0.1, 0.2, 0.3].map((each) => expect.closeTo(each, 12)));
  const half = (4.303 * 0.1) / Math.sqrt(3);
  expect(top1?.overSeeds).toEqual([expect.closeTo(0.2 - half, 6), expect.closeTo(0.2 + half, 6)]);
});

it('windows are drawn in pairs: one that is better everywhere by as much has no spread over them', () => {
  const rights = Array.from({ length: 40 }, (_, i) => i % 9);
  const control = by(score(...rights));
  const variant = by(score(...rights.map((right) => right + 1)));
  const { top1 } = compare('variant', variant, control).difference ?? {};
  expect(top1?.overTexts).toEqual([expect.closeTo(0.1, 12), expect.closeTo(0.1, 12)]);
  expect(top1).not.toHaveProperty('overSeeds');
});

it('only seeds that both have are paired', () => {
  const { difference } = compare('variant', by(score(5)), by(score(3), score(9)));
  expect(difference?.top1?.perSeed).toEqual([expect.closeTo(0.2, 12)]);
  expect(compare('control', by(score(5)), undefined)).not.toHaveProperty('difference');
});

it('other windows than the control’s are refused', () => {
  const refused = expect.objectContaining({ code: 'invalid_recipe' });
  expect(() => compare('variant', by(score(1)), by(score(1, 1)))).toThrow(refused);
  const shorter = { numLabels: 0, outcomes: [window(1, 9)] };
  expect(() => compare('variant', by(shorter), by(score(1)))).toThrow(refused);
});
