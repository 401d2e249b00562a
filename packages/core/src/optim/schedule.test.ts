import { describe, expect, it } from 'vitest';
import { clipScale, decayedNames, emaDecayAt } from './adamw.ts';
import { checkBudget, isDue, learningRateAt, spent } from './schedule.ts';

const at = (step: number, tokens = 0, seconds = 0) => ({ step, tokens, seconds });

describe('learningRateAt', () => {
  const rate = (fraction: number) => learningRateAt(fraction, 1, { peak: 2e-3 });

  it('rises over the first 3 %, holds, and falls over the last 30 %', () => {
    expect(rate(0)).toBe(0);
    expect(rate(0.015)).toBeCloseTo(1e-3, 12);
    expect(rate(0.03)).toBe(2e-3);
    expect(rate(0.7)).toBeCloseTo(2e-3, 12);
    expect(rate(0.85)).toBeCloseTo(1e-3, 12);
    expect(rate(1)).toBe(0);
  });

  it('rises over so many steps in a short run, but never beyond 30 % of it', () => {
    const short = (fraction: number, step: number) => learningRateAt(fraction, step, { peak: 1, warmupSteps: 200 });
    expect(short(0.1, 100)).toBeCloseTo(0.5, 12);
    expect(short(0.2, 200)).toBe(1);
    expect(short(0.15, 10)).toBeCloseTo(0.5, 12);
    expect(short(0.3, 20)).toBe(1);
    // A long run has its share of the budget.
    expect(short(0.015, 10_000)).toBeCloseTo(0.5, 12);
  });

  it('stays at the peak without warm-up and decay, and above a floor with one', () => {
    expect(learningRateAt(0, 1, { peak: 1, warmup: 0, decay: 0 })).toBe(1);
    expect(learningRateAt(1, 1, { peak: 1, floor: 0.1 })).toBeCloseTo(0.1, 12);
  });
});

describe('budgets', () => {
  it('measure a run in tokens, steps or minutes', () => {
    expect(spent({ tokens: 200 }, at(9, 50))).toBe(0.25);
    expect(spent({ steps: 10 }, at(9))).toBe(0.9);
    expect(spent({ minutes: 2 }, at(9, 0, 30))).toBe(0.25);
  });

  it('are due when a multiple is passed, also after a resume in between', () => {
    expect(isDue({ steps: 5 }, at(4), at(5))).toBe(true);
    expect(isDue({ steps: 5 }, at(5), at(6))).toBe(false);
    expect(isDue({ tokens: 100 }, at(0, 190), at(1, 320))).toBe(true);
  });

  it.each([{ tokens: 0 }, { steps: -1 }, { minutes: Number.NaN }, {}, { hours: 1 }, { steps: 1, tokens: 1 }])(
    'refuse %j',
    (budget) => {
      expect(() => checkBudget('test', budget as { steps: number })).toThrow(
        expect.objectContaining({ code: 'invalid_argument' }),
      );
    },
  );
});

describe('the optimizer', () => {
  it('decays matrices and leaves norms and biases', () => {
    const names = ['encoder.norm.weight', 'cls.predictions.bias', 'encoder.layer.0.output.dense.weight'];
    expect([...decayedNames(names)]).toEqual(['encoder.layer.0.output.dense.weight']);
  });

  it('scales a long gradient to the clip and leaves a short one', () => {
    expect(clipScale(4, 1)).toBe(0.25);
    expect(clipScale(0.5, 1)).toBe(1);
    expect(clipScale(4, 0)).toBe(1);
    expect(clipScale(Number.POSITIVE_INFINITY, 1)).toBeNaN();
  });

  it('averages over few steps at first and over 1/(1 − ema) later', () => {
    expect(emaDecayAt(1, 0.999)).toBeCloseTo(2 / 11, 12);
    expect(emaDecayAt(100_000, 0.999)).toBe(0.999);
  });
});
