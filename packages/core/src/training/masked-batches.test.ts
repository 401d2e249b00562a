import { describe, expect, it } from 'vitest';
import { textSource } from '../data/source.ts';
import { WindowStream } from '../data/windows.ts';
import { heldOutBatches, MaskedBatches } from './masked-batches.ts';
import { PRETRAIN_RECIPE } from './pretrain.ts';

const encoder = {
  sepId: 3,
  encode: (text: string) => Int32Array.from(text.split(' ').filter(Boolean), Number),
};
const vocabulary = { isSpecial: (id: number) => id < 5, isContinuation: () => false };
const words = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i).join(' ');
const windowsOver = (...counts: number[]) =>
  new WindowStream(
    counts.map((count, i) => textSource(`text ${i}`, words(10 + 10_000 * i, count))),
    encoder,
    { seed: 1 },
  );

describe('MaskedBatches', () => {
  const options = { ...PRETRAIN_RECIPE, batchTokens: 32, length: [8, 16] as const };

  it('refuses a text that is too short for the longest windows before the first batch', async () => {
    const batches = new MaskedBatches(windowsOver(1000, 12), vocabulary, options);
    await expect(batches.next(0)).rejects.toMatchObject({ code: 'text_too_short', facts: { source: 'text 1' } });
    const long = new MaskedBatches(windowsOver(1000, 16), vocabulary, options);
    expect((await long.next(0)).batch.batchSize).toBe(4);
    expect((await long.next(0.5)).batch.batchSize).toBe(2);
  });
});

describe('heldOutBatches', () => {
  const held = { length: 8, ratio: 0.25, seed: 1, batchSize: 4 };

  it('end with the text: no window comes twice', async () => {
    const batches = await heldOutBatches(windowsOver(100), vocabulary, { ...held, windows: 1000 });
    expect(batches.map(({ batchSize }) => batchSize)).toEqual([4, 4, 4]);
    const labels = batches.flatMap((batch) => [...batch.labels]).filter((id) => id >= 0);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it('are as many windows as asked for where the text has them', async () => {
    const batches = await heldOutBatches(windowsOver(100), vocabulary, { ...held, windows: 6 });
    expect(batches.map(({ batchSize }) => batchSize)).toEqual([4, 2]);
  });
});
