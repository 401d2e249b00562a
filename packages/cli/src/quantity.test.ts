import { expect, it } from 'vitest';
import { formatBytes, formatDuration, formatQuantity, parseQuantity } from './quantity.ts';

it.each([
  ['20M', 20_000_000],
  ['1.5k', 1500],
  ['1.1k', 1100],
  ['3G', 3e9],
  ['2e-3', 0.002],
  ['1_000', 1000],
  ['.4', 0.4],
  ['-1', -1],
  ['0', 0],
])('%s reads as %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

it.each(['', 'many', '1x', 'M', '1 2', 'NaN', 'Infinity', '1e999'])('%j is not a number', (text) => {
  expect(parseQuantity(text)).toBeUndefined();
});

it('quantities, durations and sizes print short', () => {
  expect([0, 87, 4512, 12_340_000, 250_000_000].map(formatQuantity)).toEqual(['0', '87', '4.5k', '12.3M', '250M']);
  expect([8, 200, 3725, Number.POSITIVE_INFINITY].map(formatDuration)).toEqual([
    '8 s',
    '3 min 20 s',
    '1 h 02 min',
    '…',
  ]);
  expect([12, 2048, 3_456_789].map(formatBytes)).toEqual(['12 B', '2.0 kB', '3.46 MB']);
});
