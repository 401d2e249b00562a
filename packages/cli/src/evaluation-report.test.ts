import type { Predictions } from '@lacuna/core';
import { describe, expect, it } from 'vitest';
import { classifierReport, fillingReport, fullText, overSeeds, reportText } from './evaluation-report.ts';

const logit = (p: number) => Math.log(p / (1 - p));

/** Two labels; each text is the probability of the first and what is right: 0, 1 or neither (−1). */
function predictions(texts: readonly (readonly [number, number])[]): Predictions {
  return {
    logits: Float32Array.from(texts.flatMap(([p]) => [logit(p), 0])),
    targets: Float32Array.from(texts.flatMap(([, right]) => [right === 0 ? 1 : 0, right === 1 ? 1 : 0])),
    numLabels: 2,
  };
}

const repeated = (text: readonly [number, number], times: number) => Array.from({ length: times }, () => text);

describe('a classifier’s report', () => {
  const single = { labels: ['yes', 'no'], multiLabel: false, outOfScope: false, seed: 1 };

  it('has every rate within its interval, which narrows with more texts', () => {
    const [small, large] = [1, 16].map((times) =>
      classifierReport(predictions([...repeated([0.9, 0], 15 * times), ...repeated([0.9, 1], 5 * times)]), single),
    );
    expect(small).toMatchObject({ accuracy: 0.75, examples: 20 });
    const width = (report: typeof small) => {
      const [low, high] = report?.intervals.accuracy ?? [0, 0];
      expect(low).toBeLessThan(0.75);
      expect(high).toBeGreaterThan(0.75);
      return high - low;
    };
    // Sixteen times the texts: a quarter of the width, roughly.
    expect(width(large) / width(small)).toBeGreaterThan(0.15);
    expect(width(large) / width(small)).toBeLessThan(0.4);
  });

  it('scores texts of no label apart from the others, at the threshold of other texts', () => {
    // Sure answers are right; the unsure ones are outside of all labels.
    const dev = predictions([...repeated([0.99, 0], 8), ...repeated([0.6, -1], 4)]);
    const test = predictions([
      ...repeated([0.98, 0], 6),
      ...repeated([0.6, 0], 2),
      ...repeated([0.55, -1], 3),
      [0.99, -1],
    ]);
    const report = classifierReport(test, { ...single, dev, outOfScope: true });
    expect(report).toMatchObject({
      accuracy: 1,
      examples: 8,
      inScopeAccuracy: 6 / 8,
      outOfScopeRecall: 3 / 4,
      outOfScopePrecision: 3 / 5,
      outOfScopeExamples: 4,
    });
    expect(report.threshold).toBeGreaterThan(0.6);
    expect(report.threshold).toBeLessThan(0.99);
    expect(Object.keys(report.intervals)).toEqual(
      expect.arrayContaining(['accuracy', 'macroF1', 'inScopeAccuracy', 'outOfScopeRecall']),
    );
    expect(reportText(report)).toMatch(/\(8 examples\)\ninScopeAccuracy 0\.7500 .*\(4 out of scope\)$/);
  });

  it('says how well each label is found, and shows the worst of many', () => {
    // Of eight texts that have the first label six are given it; of four that have the second, three.
    const texts = [...repeated([0.9, 0], 6), ...repeated([0.1, 0], 2), ...repeated([0.1, 1], 3), [0.9, 1] as const];
    const report = classifierReport(predictions(texts), single);
    expect(report.perLabel).toEqual([
      { label: 'yes', precision: 6 / 7, recall: 6 / 8, f1: 12 / 15, examples: 8 },
      { label: 'no', precision: 3 / 5, recall: 3 / 4, f1: 6 / 9, examples: 4 },
    ]);
    expect(report).toMatchObject({ macroF1: expect.closeTo((12 / 15 + 6 / 9) / 2, 12) });
    expect(fullText(report).split('\n').slice(1)).toEqual([
      '',
      'label  precision  recall      F1  texts',
      'yes       0.8571  0.7500  0.8000      8',
      'no        0.6000  0.7500  0.6667      4',
    ]);
    // Twelve labels, each given to its two texts but for the third and the seventh, which the first is taken for.
    const labels = Array.from({ length: 12 }, (_, k) => `label${k}`);
    const rows = labels.flatMap((_, k) => [k, k]);
    const one = (row: readonly number[]) => Float32Array.from(row.flatMap((k) => labels.map((_, j) => +(j === k))));
    const targets = one(rows);
    const logits = one(rows.map((k, i) => (i === 4 || k === 6 ? 0 : k)));
    const many = fullText(classifierReport({ logits, targets, numLabels: 12 }, { ...single, labels })).split('\n');
    expect(many[2]).toBe('the 10 of 12 labels with the lowest F1:');
    expect(many.slice(4, 7)).toEqual([
      expect.stringMatching(/^label6 +0\.0000 +0\.0000 +0\.0000 +2$/),
      expect.stringMatching(/^label0 +0\.4000 +1\.0000 +0\.5714 +2$/),
      expect.stringMatching(/^label2 +1\.0000 +0\.5000 +0\.6667 +2$/),
    ]);
    expect(many).toHaveLength(14);
  });

  it('refuses to find texts of no label where there are none', () => {
    const dev = predictions([[0.9, 0]]);
    expect(() => classifierReport(dev, { ...single, dev, outOfScope: true })).toThrowError(
      expect.objectContaining({ code: 'malformed_data' }),
    );
  });

  it('gives several labels from the threshold of other texts on', () => {
    const data = { ...predictions([]), logits: Float32Array.from([0.3, 0.1, 0.1, 0.3], logit) };
    const many = { ...data, targets: Float32Array.of(1, 0, 0, 1) };
    const at = (dev?: Predictions) => classifierReport(many, { ...single, multiLabel: true, dev });
    expect(at()).toMatchObject({ accuracy: 0, macroF1: 0 });
    expect(at(many)).toMatchObject({ accuracy: 1, macroF1: 1, threshold: expect.closeTo(0.1, 1) });
  });
});

it('a fill-mask report draws windows, not gaps', () => {
  // In a window all gaps are right or all are wrong: as uncertain as ten draws, not as a thousand.
  const outcome = (top1: number) => ({ count: 100, crossEntropy: 100, top1, top5: top1, slots: [] });
  const report = fillingReport([0, 100, 0, 100, 0, 100, 0, 100, 0, 100].map(outcome), 1);
  expect(report).toMatchObject({ top1: 0.5, tokens: 1000 });
  const [low, high] = report.intervals.top1 ?? [0, 0];
  expect(high - low).toBeGreaterThan(0.4);
});

it('runs of several seeds have a mean and a spread of every figure', () => {
  const reports = [0.8, 0.9].map((accuracy) => ({
    accuracy,
    macroF1: accuracy,
    crossEntropy: 1,
    examples: 10,
    intervals: {},
  }));
  const { mean, sd } = overSeeds(reports);
  expect(mean.accuracy).toBeCloseTo(0.85, 10);
  expect(sd.accuracy).toBeCloseTo(0.1 / Math.SQRT2, 10);
  expect(sd.examples).toBe(0);
});
