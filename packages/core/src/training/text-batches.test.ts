import { describe, expect, it } from 'vitest';
import { sliceBatch, type TextBatch } from '../model/batch.ts';
import { Random } from '../random/random.ts';
import {
  type EncodedExample,
  encodeExamples,
  encodeText,
  orderedTextBatches,
  TextBatches,
  textBatch,
  withTokensRemoved,
} from './text-batches.ts';

const example = (length: number, tag: number): EncodedExample => ({
  ids: new Int32Array(length).fill(tag),
  targets: Float32Array.of(1, 0),
});
const many = Array.from({ length: 103 }, (_, i) => example(1 + ((i * 37) % 50), i + 10));
const options = { batchSize: 8, epochs: 2, seed: 3, padId: 0 };

const letters = {
  sepId: 3,
  encode: (text: string) => Int32Array.from(text, (letter) => letter.charCodeAt(0)),
};

describe('encoding', () => {
  it('frames a text with separators, cuts its end and says so', () => {
    const [short, long] = [encodeText(letters, 'ab', 4), encodeText(letters, 'abc', 4)];
    expect([[...short.ids], short.truncated]).toEqual([[3, 97, 98, 3], false]);
    expect([[...long.ids], long.truncated]).toEqual([[3, 97, 98, 3], true]);
  });

  it('marks the examples that were cut', () => {
    const texts = ['abc', 'ab', 'abcdef', ''].map((text) => ({ text, labels: [0] }));
    expect(encodeExamples(letters, texts, 1, 4).map(({ truncated }) => truncated)).toEqual([true, false, true, false]);
  });

  it('turns several labels into ones', () => {
    const [first] = encodeExamples(letters, [{ text: 'a', labels: [0, 2] }], 3, 8);
    expect([...(first?.targets ?? [])]).toEqual([1, 0, 1]);
  });

  it.each([2, -1, 0.5])('refuses label %d of 2', (label) => {
    expect(() => encodeExamples(letters, [{ text: 'a', labels: [label] }], 2, 8)).toThrow(
      expect.objectContaining({ code: 'unknown_label' }),
    );
  });

  it('pads on the right and keeps the lengths', () => {
    const batch = textBatch([example(1, 7), example(3, 8)], 0);
    expect([...batch.inputIds]).toEqual([7, 0, 0, 8, 8, 8]);
    expect([...batch.lengths]).toEqual([1, 3]);
    expect([...batch.targets]).toEqual([1, 0, 1, 0]);
  });
});

describe('withTokensRemoved', () => {
  const text = { ids: Int32Array.of(3, 10, 11, 12, 13, 14, 15, 16, 17, 3), targets: Float32Array.of(1) };

  it('leaves out the share of the tokens, and keeps separators, order and positions', () => {
    const random = new Random(1);
    let removed = 0;
    for (let n = 0; n < 500; n++) {
      const { ids, positions = new Int32Array(0), targets } = withTokensRemoved(text, 0.3, random);
      expect(targets).toBe(text.targets);
      expect(ids).toEqual(positions.map((at) => text.ids[at] as number));
      expect([positions[0], positions.at(-1)]).toEqual([0, 9]);
      expect([...positions]).toEqual([...positions].sort((a, b) => a - b));
      removed += text.ids.length - ids.length;
    }
    expect(removed / 500 / 8).toBeCloseTo(0.3, 1);
  });

  it('leaves a token of every text that has one', () => {
    for (const ids of [text.ids, Int32Array.of(3, 10, 3)]) {
      expect(withTokensRemoved({ ...text, ids }, 0.9999, new Random(2)).ids.length).toBe(3);
    }
    expect([...withTokensRemoved({ ...text, ids: Int32Array.of(3, 3) }, 0.9, new Random(2)).ids]).toEqual([3, 3]);
  });

  it('gives a batch its positions, drawn anew each time and the same after a stop', async () => {
    const removing = { ...options, ratio: 0.4, epochs: 1 };
    const batches = new TextBatches(many, removing);
    const first = await batches.next();
    const second = await batches.next();
    const again = await new TextBatches(many, removing, first?.state).next();
    expect(again).toEqual(second);
    const batch = second?.batch as TextBatch;
    expect(batch.positions).toHaveLength(batch.batchSize * batch.length);
    expect(sliceBatch(batch, 1, 3).positions).toEqual(batch.positions?.slice(batch.length, 3 * batch.length));
  });
});

describe('TextBatches', () => {
  async function tags(batches: TextBatches): Promise<number[][]> {
    const seen: number[][] = [];
    for (let prepared = await batches.next(); prepared; prepared = await batches.next()) {
      const { batch } = prepared;
      if (batch.kind !== 'text') throw new Error('expected texts');
      seen.push(Array.from({ length: batch.batchSize }, (_, b) => batch.inputIds[b * batch.length] as number));
    }
    return seen;
  }

  it('gives every example once an epoch, in another order each', async () => {
    const batches = new TextBatches(many, options);
    const seen = await tags(batches);
    expect(seen.length).toBe(2 * batches.perEpoch);
    const [first, second] = [seen.slice(0, batches.perEpoch).flat(), seen.slice(batches.perEpoch).flat()];
    const all = many.map((_, i) => i + 10);
    expect([...first].sort((a, b) => a - b)).toEqual(all);
    expect([...second].sort((a, b) => a - b)).toEqual(all);
    expect(first).not.toEqual(second);
  });

  it('goes on after a resume with the very batches that would have followed', async () => {
    const whole = await tags(new TextBatches(many, options));
    const interrupted = new TextBatches(many, options);
    for (let i = 0; i < 17; i++) await interrupted.next();
    const state = JSON.parse(JSON.stringify(interrupted.state));
    expect(await tags(new TextBatches(many, options, state))).toEqual(whole.slice(17));
  });

  it('refuses to go on with more or fewer examples than the run had', async () => {
    const begun = new TextBatches(many, options);
    await begun.next();
    const state = JSON.parse(JSON.stringify(begun.state));
    expect(() => new TextBatches(many.slice(1), options, state)).toThrow(
      expect.objectContaining({ code: 'checkpoint_mismatch', facts: { expected: 103, got: 102 } }),
    );
    // As a checkpoint has it that was written before examples were counted.
    expect((await new TextBatches(many.slice(1), options, { batches: 1 }).next())?.batch.batchSize).toBe(8);
  });

  it('puts texts of like length together: little padding', async () => {
    const batches = new TextBatches(many, options);
    let used = 0;
    let padded = 0;
    for (let i = 0; i < batches.perEpoch; i++) {
      const batch = (await batches.next())?.batch;
      if (batch?.kind !== 'text') throw new Error('expected texts');
      used += batch.lengths.reduce((sum, n) => sum + n, 0);
      padded += batch.inputIds.length;
    }
    expect(used / padded).toBeGreaterThan(0.85);
  });

  it('refuses to learn from nothing', () => {
    expect(() => new TextBatches([], options)).toThrow(expect.objectContaining({ code: 'malformed_data' }));
  });
});

it('evaluation batches hold every example once', () => {
  const rows = orderedTextBatches(many, 10, 0).map((batch) => batch.batchSize);
  expect(rows.reduce((sum, n) => sum + n, 0)).toBe(many.length);
});
