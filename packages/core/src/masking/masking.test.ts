import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MaskedBatch } from '../model/batch.ts';
import { Random } from '../random/random.ts';
import { gapCount, IGNORED_LABEL, type MaskingOptions, maskPositions, maskWindows } from './masking.ts';
import { maskingRatio } from './schedule.ts';

/** Ids 0 to 4 are special, 100 and above continue a word. */
const options = (extra: Partial<MaskingOptions> = {}): MaskingOptions => ({
  ratio: 0.3,
  isSpecial: (id) => id < 5,
  isContinuation: (id) => id >= 100,
  ...extra,
});

/** Puts a batch together again; −1 where a label is ignored. */
function rebuild(batch: MaskedBatch): Int32Array {
  const T = batch.visibleLength + batch.gapLength;
  const ids = new Int32Array(batch.batchSize * T).fill(-2);
  batch.visibleIds.forEach((id, i) => {
    ids[Math.floor(i / batch.visibleLength) * T + (batch.visiblePositions[i] as number)] = id;
  });
  batch.labels.forEach((id, i) => {
    ids[Math.floor(i / batch.gapLength) * T + (batch.gapPositions[i] as number)] = id === IGNORED_LABEL ? -1 : id;
  });
  return ids;
}

const windows = fc
  .record({ batchSize: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 2, max: 40 }) })
  .chain(({ batchSize, length }) =>
    fc.record({
      batchSize: fc.constant(batchSize),
      length: fc.constant(length),
      ids: fc
        .array(
          fc.oneof(fc.integer({ min: 5, max: 99 }), fc.integer({ min: 100, max: 199 }), fc.integer({ min: 0, max: 4 })),
          {
            minLength: batchSize * length,
            maxLength: batchSize * length,
          },
        )
        .map((ids) => Int32Array.from(ids)),
      ratio: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      wholeWords: fc.boolean(),
      spans: fc
        .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 4 }))
        .map(([a, b]) => [a, a + b] as const),
      seed: fc.nat(),
    }),
  );

test('every row has exactly round(ratio · T) gaps, and visible and removed tokens make up the window', () => {
  fc.assert(
    fc.property(windows, ({ ids, batchSize, length, ratio, wholeWords, spans, seed }) => {
      const batch = maskWindows(ids, batchSize, length, options({ ratio, wholeWords, spans }), new Random(seed));
      expect(batch.gapLength).toBe(Math.min(length - 1, Math.max(1, Math.round(ratio * length))));
      expect(batch.gapLength + batch.visibleLength).toBe(length);
      const rebuilt = rebuild(batch);
      ids.forEach((id, i) => {
        if (rebuilt[i] === -1) expect(id).toBeLessThan(5);
        else expect(rebuilt[i]).toBe(id);
      });
    }),
  );
});

test('positions rise within a row', () => {
  fc.assert(
    fc.property(windows, ({ ids, batchSize, length, ratio, wholeWords, spans, seed }) => {
      const batch = maskWindows(ids, batchSize, length, options({ ratio, wholeWords, spans }), new Random(seed));
      for (const [positions, width] of [
        [batch.visiblePositions, batch.visibleLength],
        [batch.gapPositions, batch.gapLength],
      ] as const) {
        for (let i = 1; i < positions.length; i++) {
          if (i % width !== 0) expect(positions[i] as number).toBeGreaterThan(positions[i - 1] as number);
        }
      }
    }),
  );
});

test('special tokens stay visible wherever a row has enough other tokens', () => {
  fc.assert(
    fc.property(windows, ({ ids, batchSize, length, ratio, wholeWords, spans, seed }) => {
      const batch = maskWindows(ids, batchSize, length, options({ ratio, wholeWords, spans }), new Random(seed));
      const rebuilt = rebuild(batch);
      for (let b = 0; b < batchSize; b++) {
        const ordinary = ids.subarray(b * length, (b + 1) * length).filter((id) => id >= 5).length;
        const ignored = rebuilt.subarray(b * length, (b + 1) * length).filter((id) => id === -1).length;
        expect(ignored).toBe(Math.max(0, batch.gapLength - ordinary));
      }
    }),
  );
});

test('with whole words at most one word of a row is cut', () => {
  fc.assert(
    fc.property(windows, ({ ids, batchSize, length, ratio, spans, seed }) => {
      const batch = maskWindows(ids, batchSize, length, options({ ratio, wholeWords: true, spans }), new Random(seed));
      for (let b = 0; b < batchSize; b++) {
        const gaps = new Set(batch.gapPositions.subarray(b * batch.gapLength, (b + 1) * batch.gapLength));
        let cut = 0;
        for (let start = 0; start < length; ) {
          let end = start + 1;
          if ((ids[b * length + start] as number) >= 5) {
            while (end < length && (ids[b * length + end] as number) >= 100) end++;
            let gone = 0;
            for (let t = start; t < end; t++) gone += gaps.has(t) ? 1 : 0;
            if (gone > 0 && gone < end - start) cut++;
          }
          start = end;
        }
        expect(cut).toBeLessThanOrEqual(1);
      }
    }),
  );
});

test('the same random state gives the same masks, the next epoch gives others', () => {
  const ids = Int32Array.from({ length: 4 * 64 }, (_, i) => 5 + (i % 90));
  const random = new Random(7);
  const first = maskWindows(ids, 4, 64, options(), random);
  const second = maskWindows(ids, 4, 64, options(), random);
  expect(maskWindows(ids, 4, 64, options(), new Random(7))).toEqual(first);
  expect(second.gapPositions).not.toEqual(first.gapPositions);
});

test('every position is removed about equally often, and spans of 1 to 3 make runs of about two', () => {
  const length = 64;
  const rows = 4000;
  const ids = new Int32Array(rows * length).fill(50);
  const batch = maskWindows(ids, rows, length, options({ ratio: 0.15 }), new Random(3));
  const often = new Float64Array(length);
  let runs = 0;
  batch.gapPositions.forEach((at, i) => {
    often[at] = (often[at] as number) + 1 / rows;
    if (i % batch.gapLength === 0 || batch.gapPositions[i - 1] !== at - 1) runs++;
  });
  const expected = batch.gapLength / length;
  // The ends lose at most what a span laid over the edge loses.
  often.forEach((share, t) => {
    const edge = t < 2 || t >= length - 2;
    expect(Math.abs(share - expected)).toBeLessThan(edge ? 0.35 * expected : 0.15 * expected);
  });
  const meanRun = batch.gapPositions.length / runs;
  expect(meanRun).toBeGreaterThan(1.7);
  expect(meanRun).toBeLessThan(2.5);
});

test('a window of special tokens alone still gives the exact count, with nothing to learn', () => {
  const batch = maskWindows(new Int32Array(20).fill(3), 2, 10, options({ ratio: 0.5 }), new Random(1));
  expect(batch.gapLength).toBe(5);
  expect([...batch.labels]).toEqual(new Array(10).fill(IGNORED_LABEL));
});

test('given positions are masked as they are', () => {
  const batch = maskPositions(Int32Array.of(5, 6, 7, 8, 9, 10), 2, 3, Int32Array.of(1, 0));
  expect([...batch.visibleIds]).toEqual([5, 7, 9, 10]);
  expect([...batch.labels]).toEqual([6, 8]);
});

test('bad input is refused with its code', () => {
  const ids = new Int32Array(10).fill(9);
  for (const ratio of [0, 0.04, 0.96, 1, Number.NaN, -1]) {
    expect(() => maskWindows(ids, 1, 10, options({ ratio }), new Random(1))).toThrow(
      expect.objectContaining({ code: 'masking_ratio_out_of_range' }),
    );
  }
  const invalid = expect.objectContaining({ code: 'invalid_argument' });
  expect(() => maskWindows(ids, 3, 4, options(), new Random(1))).toThrow(invalid);
  expect(() => maskWindows(ids, 1, 10, options({ spans: [2, 1] }), new Random(1))).toThrow(invalid);
  expect(() => maskPositions(ids, 2, 5, Int32Array.of(0, 1, 2))).toThrow(invalid);
  expect(() => maskPositions(ids, 2, 5, Int32Array.of(0, 0, 1, 2))).toThrow(invalid);
  expect(() => maskPositions(ids, 2, 5, Int32Array.of(0, 5))).toThrow(invalid);
  expect(() => gapCount(2, 10)).toThrow();
});

test('a schedule falls in a straight line and jitters within its width and the range', () => {
  const random = new Random(5);
  const fall = { from: 0.4, to: 0.15 };
  expect(maskingRatio(fall, 0, random)).toBeCloseTo(0.4, 12);
  expect(maskingRatio(fall, 0.5, random)).toBeCloseTo(0.275, 12);
  expect(maskingRatio(fall, 1, random)).toBeCloseTo(0.15, 12);
  expect(random.state.counter).toBe(0);
  const drawn = Array.from({ length: 500 }, () => maskingRatio({ from: 0.1, jitter: 0.1 }, 0.3, random));
  expect(Math.min(...drawn)).toBe(0.05);
  expect(Math.max(...drawn)).toBeLessThanOrEqual(0.2);
  expect(Math.max(...drawn)).toBeGreaterThan(0.19);
});
