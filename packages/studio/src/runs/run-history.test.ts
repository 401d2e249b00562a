import type { ProgressEvent } from '@lacuna/client/training';
import { expect, it } from 'vitest';
import { accuracyOf, HistoryRecorder, MOST_POINTS } from './run-history.ts';

const progress = (step: number, loss: number) =>
  ({ type: 'progress', step, tokens: step * 100, seconds: step / 10, loss, tokensPerSecond: 1000 }) as ProgressEvent;

it('a long run keeps a bounded number of points from its first to its last minutes', () => {
  const recorder = new HistoryRecorder();
  for (let step = 1; step <= 10_000; step++) recorder.progress(progress(step, 10_000 - step));
  const { points } = recorder.history;
  expect(points.length).toBeLessThanOrEqual(MOST_POINTS);
  expect(points.length).toBeGreaterThan(MOST_POINTS / 2 - 1);
  expect(points[0]?.step).toBeLessThan(100);
  expect(points.at(-1)?.step).toBeGreaterThan(9900);
  // Losses of neighbours are averaged, so a falling one still falls.
  const losses = points.map(({ loss }) => loss);
  expect(losses).toEqual(losses.toSorted((a, b) => b - a));
});

it('a resumed run goes on from its checkpoint: later points are told again', () => {
  const recorder = new HistoryRecorder();
  for (let step = 1; step <= 30; step++) recorder.progress(progress(step, 1));
  recorder.rewind(20);
  recorder.progress(progress(21, 2));
  const { points } = recorder.history;
  expect(points).toHaveLength(21);
  expect(points.at(-1)).toEqual({ step: 21, seconds: 2.1, loss: 2, tokensPerSecond: 1000 });
});

it('the right share is that of gaps, or of texts', () => {
  expect(accuracyOf({ top1: 0.5, top5: 0.7, crossEntropy: 1, pseudoPerplexity: 2, tokens: 10 })).toBe(0.5);
  expect(accuracyOf({ accuracy: 0.9, macroF1: 0.8, crossEntropy: 1, examples: 10 })).toBe(0.9);
});
