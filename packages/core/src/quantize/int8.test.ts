import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONFIGS } from '../model/config.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { dequantizeRows, quantizeRows } from './int8.ts';
import { quantizationReport } from './report.ts';

describe('quantizeRows', () => {
  it('errs by at most half a step of the row', () => {
    const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e6), max: Math.fround(1e6) });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 12, maxLength: 12 }), (list) => {
        const matrix = quantizeRows(Float32Array.from(list), [3, 4]);
        const restored = dequantizeRows(matrix);
        return list.every((value, i) => {
          const step = matrix.scales[Math.floor(i / 4)] as number;
          return Math.abs(value - (restored[i] as number)) <= step * 0.5001 + 1e-38;
        });
      }),
    );
  });

  it('keeps the largest value of a row and never uses −128', () => {
    const { values, scales } = quantizeRows(Float32Array.of(-2, 1, 0, 0.5), [2, 2]);
    expect([...values]).toEqual([-127, 64, 0, 127]);
    expect(scales[0]).toBeCloseTo(2 / 127, 8);
  });

  it('is symmetric: −w gives −q', () => {
    const matrix = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * 7) + 1e-3);
    const minus = quantizeRows(
      matrix.map((value) => -value),
      [8, 8],
    ).values;
    const plus = quantizeRows(matrix, [8, 8]).values;
    expect([...minus].map((value) => -value + 0)).toEqual([...plus].map((value) => value + 0));
  });

  it('gives zeros back as zeros', () => {
    const matrix = quantizeRows(new Float32Array(6), [2, 3]);
    expect([...dequantizeRows(matrix)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('refuses what is no matrix', () => {
    expect(() => quantizeRows(new Float32Array(4), [4])).toThrowError(
      expect.objectContaining({ code: 'shape_mismatch' }),
    );
  });
});

describe('quantizationReport', () => {
  const config = CONFIGS.tiny;
  const params = initialParameters(config, new Random(1));
  const report = quantizationReport(params, parameterShapes(config));

  it('lists the matrices and nothing else, worst first', () => {
    const matrices = Object.entries(parameterShapes(config)).filter(([, shape]) => shape.length === 2);
    expect(report.tensors.map(({ name }) => name).sort()).toEqual(matrices.map(([name]) => name).sort());
    const errors = report.tensors.map(({ relativeError }) => relativeError);
    expect(errors).toEqual([...errors].sort((a, b) => b - a));
  });

  it('finds less than 1 % of error in freshly drawn weights, and a quarter of the bytes', () => {
    expect(report.relativeError).toBeGreaterThan(0.001);
    expect(report.relativeError).toBeLessThan(0.01);
    expect(report.int8Bytes / report.floatBytes).toBeLessThan(0.3);
  });
});
