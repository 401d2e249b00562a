import { expect, it } from 'vitest';
import { bytes, compact, duration, percent, whole } from './format.ts';

it('numbers are short, and as exact as one reads them', () => {
  expect([0.0684, 1].map((share) => percent(share))).toEqual(['6.8 %', '100.0 %']);
  expect([0.42, 42.4, 1300].map(duration)).toEqual(['0.4 ms', '42 ms', '1.3 s']);
  expect([0, 12, 145_300, 3_932_232, 20_000_000, 1.25e9].map(bytes)).toEqual([
    '0 kB',
    '1 kB',
    '145 kB',
    '3.93 MB',
    '20 MB',
    '1.3 GB',
  ]);
  expect([840, 12_345, 227_401, 4_500_000].map(compact)).toEqual(['840', '12.3k', '227k', '4.5M']);
  expect(whole(3_770_304)).toBe('3,770,304');
});
