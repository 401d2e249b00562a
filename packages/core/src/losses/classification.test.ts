import { describe, expect, it } from 'vitest';
import { targetLogits } from './classification.ts';

describe('targetLogits', () => {
  it('are log p/(1 − p) for logistic labels', () => {
    const [even, odds] = targetLogits(Float32Array.of(0.5, 0.25), 2, true);
    expect(even).toBeCloseTo(0, 6);
    expect(odds).toBeCloseTo(-Math.log(3), 6);
  });

  it('are finite where the mean of many teachers, each of them sure, is a bit above 1 or below 0', () => {
    let mean = Math.fround(0);
    for (let i = 0; i < 10; i++) mean = Math.fround(mean + Math.fround(1 / 10));
    expect(mean).toBeGreaterThan(1);
    for (const multiLabel of [true, false]) {
      const sure = targetLogits(Float32Array.of(1, 0), 2, multiLabel);
      expect([...targetLogits(Float32Array.of(mean, -1e-7), 2, multiLabel)]).toEqual([...sure]);
      expect(sure.every(Number.isFinite)).toBe(true);
    }
  });
});
