import { describe, expect, it } from 'vitest';
import { linesSource, type TextSource, textSource } from './source.ts';
import { WindowStream } from './windows.ts';

const SEP = 3;
/** A word `n` is the id n: what stands where can be read off the windows. */
const encoder = {
  sepId: SEP,
  encode: (text: string) => Int32Array.from(text.split(' ').filter(Boolean), Number),
};

/** Lines of one to nine numbers from `from` up, each number once, a blank line after every third. */
function numbers(name: string, from: number, count: number): TextSource {
  const lines: string[] = [];
  for (let n = from; n < from + count; ) {
    const size = 1 + ((n * 7) % 9);
    lines.push(Array.from({ length: Math.min(size, from + count - n) }, (_, i) => n + i).join(' '));
    n += size;
    if (lines.length % 4 === 3) lines.push('');
  }
  return linesSource(name, lines);
}

const OPTIONS = { seed: 1, segmentTokens: 256 };
const one = () => [numbers('one', 10, 3000)];

async function windowsOf(stream: WindowStream, calls: number, count = 4, length = 8): Promise<number[][]> {
  const windows: number[][] = [];
  for (let i = 0; i < calls; i++) {
    const ids = await stream.next(count, length);
    for (let row = 0; row < count; row++) windows.push([...ids.subarray(row * length, (row + 1) * length)]);
  }
  return windows;
}

describe('WindowStream', () => {
  it('gives stretches of the text as it stands, one [SEP] after each line', async () => {
    const text: number[] = [];
    for await (const line of numbers('one', 10, 3000).lines()) {
      if (line !== '') text.push(...encoder.encode(line), SEP);
    }
    for (const window of await windowsOf(new WindowStream(one(), encoder, OPTIONS), 50)) {
      const first = window.find((id) => id !== SEP) as number;
      const at = text.indexOf(first) - window.indexOf(first);
      expect(text.slice(at, at + window.length)).toEqual(window);
    }
  });

  it('gives every window of a pass once, out of order, and other cuts in the next', async () => {
    const stream = new WindowStream(one(), encoder, OPTIONS);
    const passes: number[][] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      const seen: number[] = [];
      while (stream.epochs[0] === epoch) {
        const [window] = await windowsOf(stream, 1, 1);
        if (stream.epochs[0] === epoch) seen.push(...(window as number[]));
      }
      passes.push(seen.filter((id) => id !== SEP));
    }
    const [first = [], second = []] = passes;
    expect(new Set(first).size).toBe(first.length);
    // What is left over at the ends of segments is all that lacks.
    expect(first.length).toBeGreaterThan(0.95 * 3000);
    expect(first).not.toEqual([...first].sort((a, b) => a - b));
    expect(second.slice(1, 100)).not.toEqual(first.slice(1, 100));
  });

  it('is the same for the same seed and another for another', async () => {
    const windows = await windowsOf(new WindowStream(one(), encoder, OPTIONS), 30);
    expect(await windowsOf(new WindowStream(one(), encoder, OPTIONS), 30)).toEqual(windows);
    expect(await windowsOf(new WindowStream(one(), encoder, { ...OPTIONS, seed: 2 }), 30)).not.toEqual(windows);
  });

  it.each([0, 1, 7, 31, 95, 130])(
    'goes on after %d calls with the very windows that would have followed',
    async (calls) => {
      const sources = () => [numbers('one', 10, 900), numbers('two', 5000, 400)];
      const whole = new WindowStream(sources(), encoder, OPTIONS);
      await windowsOf(whole, calls);
      const state = JSON.parse(JSON.stringify(whole.state));
      const resumed = WindowStream.resume(state, sources(), encoder, OPTIONS);
      expect(await windowsOf(resumed, 60)).toEqual(await windowsOf(whole, 60));
      expect(resumed.state).toEqual(whole.state);
      expect(await windowsOf(resumed, 9, 2, 16)).toEqual(await windowsOf(whole, 9, 2, 16));
    },
  );

  it('resumes without encoding what came before the segment at hand', async () => {
    const stream = new WindowStream(one(), encoder, OPTIONS);
    await windowsOf(stream, 60);
    let encoded = 0;
    const counting = {
      ...encoder,
      encode: (text: string) => {
        const ids = encoder.encode(text);
        encoded += ids.length + 1;
        return ids;
      },
    };
    await windowsOf(WindowStream.resume(stream.state, one(), counting, OPTIONS), 1);
    expect(encoded).toBeLessThan(2 * OPTIONS.segmentTokens);
  });

  it('changes the length of windows at any time', async () => {
    const stream = new WindowStream(one(), encoder, OPTIONS);
    await windowsOf(stream, 3, 2, 8);
    const windows = await windowsOf(stream, 3, 2, 16);
    expect(windows.every((window) => window.length === 16)).toBe(true);
    expect(new Set(windows.flat().filter((id) => id !== SEP)).size).toBe(
      windows.flat().filter((id) => id !== SEP).length,
    );
  });

  it.each([
    [[3, 1], 0.75],
    [undefined, 2 / 3],
  ])('mixes sources by weights %j', async (weights, share) => {
    const small = numbers('small', 10, 1000);
    const large = numbers('large', 100_000, 1000);
    const sources = [
      { ...small, sizeBytes: 2000 },
      { ...large, sizeBytes: 1000 },
    ];
    const windows = await windowsOf(new WindowStream(sources, encoder, { ...OPTIONS, weights }), 90);
    const fromFirst = windows.filter((window) => window.some((id) => id !== SEP && id < 100_000)).length;
    expect(fromFirst / windows.length).toBeCloseTo(share, 2);
  });

  it.each([[undefined], [0]])('mixes a source of size %s as one of the mean size', async (sizeBytes) => {
    const [small, large, unknown] = ['small', 'large', 'unknown'].map((name, i) => numbers(name, 10 ** (i + 2), 90));
    const { sizeBytes: _, ...sizeless } = unknown as TextSource;
    const sources = [
      { ...(small as TextSource), sizeBytes: 1000 },
      { ...(large as TextSource), sizeBytes: 3000 },
      { ...sizeless, ...(sizeBytes === undefined ? {} : { sizeBytes }) },
    ];
    const windows = await windowsOf(new WindowStream(sources, encoder, OPTIONS), 90);
    const shares = sources.map((_, i) => {
      const own = (id: number) => id >= 10 ** (i + 2) && id < 10 ** (i + 3);
      return windows.filter((window) => window.some(own)).length / windows.length;
    });
    [1 / 6, 3 / 6, 2 / 6].forEach((share, i) => {
      expect(shares[i]).toBeCloseTo(share, 2);
    });
  });

  it('counts the passes over each source', async () => {
    const sources = [numbers('one', 10, 200), numbers('two', 5000, 2000)];
    const stream = new WindowStream(sources, encoder, { ...OPTIONS, weights: [1, 1] });
    await windowsOf(stream, 80);
    // 1,280 tokens of each, of about 245 and 2,450.
    expect(stream.epochs[0]).toBeGreaterThanOrEqual(5);
    expect(stream.epochs[1]).toBe(0);
  });

  it('is endless over a text of little more than one window', async () => {
    const stream = new WindowStream([textSource('short', '10 11 12 13\n14 15 16')], encoder, OPTIONS);
    const windows = await windowsOf(stream, 40, 1, 8);
    expect(new Set(windows.map(String)).size).toBe(2);
  });

  it.each([
    ['empty_text', '', 8],
    ['empty_text', '\n\n  \n', 8],
    ['text_too_short', '10 11 12', 8],
  ])('refuses with %s the text %j', async (code, text, length) => {
    const stream = new WindowStream([textSource('short', text)], encoder, OPTIONS);
    await expect(stream.next(1, length)).rejects.toMatchObject({ code, facts: { source: 'short' } });
  });

  it('refuses no sources, weights that are none, and counts of nothing', async () => {
    const code = expect.objectContaining({ code: 'invalid_argument' });
    expect(() => new WindowStream([], encoder, OPTIONS)).toThrow(code);
    for (const weights of [[], [0], [-1], [1, 2], [Number.NaN]]) {
      expect(() => new WindowStream(one(), encoder, { ...OPTIONS, weights })).toThrow(code);
    }
    const stream = new WindowStream(one(), encoder, OPTIONS);
    await expect(stream.next(0, 8)).rejects.toMatchObject({ code: 'invalid_argument' });
    await expect(stream.next(1, 1)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  it('refuses to go on with other texts', async () => {
    const stream = new WindowStream(one(), encoder, OPTIONS);
    await windowsOf(stream, 70);
    expect(() => WindowStream.resume(stream.state, [numbers('two', 10, 3000)], encoder, OPTIONS)).toThrow(
      expect.objectContaining({ code: 'checkpoint_mismatch' }),
    );
    expect(() => WindowStream.resume(stream.state, [numbers('one', 10, 2999)], encoder, OPTIONS)).toThrow(
      expect.objectContaining({
        code: 'checkpoint_mismatch',
        message: expect.stringMatching(/^windows: expected \d+ bytes in one, got \d+\. /),
      }),
    );
  });

  it('goes on from a state without sizes, as far as the text reaches', async () => {
    const stream = new WindowStream(one(), encoder, OPTIONS);
    await windowsOf(stream, 70);
    const state = { sources: stream.state.sources.map(({ sizeBytes: _, ...source }) => source) };
    const resumed = WindowStream.resume(state, one(), encoder, OPTIONS);
    expect(await windowsOf(resumed, 5)).toEqual(await windowsOf(stream, 5));
    const shorter = WindowStream.resume(state, [numbers('one', 10, 600)], encoder, OPTIONS);
    await expect(shorter.next(1, 8)).rejects.toMatchObject({ code: 'checkpoint_mismatch' });
  });

  it('knows beforehand which source is too short for longer windows', async () => {
    const short = textSource('short', '10 11 12 13 14 15 16 17');
    const sources = [numbers('one', 10, 3000), short];
    const stream = new WindowStream(sources, encoder, OPTIONS);
    await stream.requireLength(9);
    await expect(stream.requireLength(10)).rejects.toMatchObject({
      code: 'text_too_short',
      facts: { source: 'short' },
    });
    await expect(
      new WindowStream([textSource('blank', '\n')], encoder, OPTIONS).requireLength(2),
    ).rejects.toMatchObject({
      code: 'empty_text',
    });
  });

  it('gives the same windows whether longer ones were asked about or not', async () => {
    const sources = () => [numbers('one', 10, 900), numbers('two', 5000, 100)];
    const [plain, asked] = [0, 1].map(() => new WindowStream(sources(), encoder, OPTIONS)) as [
      WindowStream,
      WindowStream,
    ];
    await asked.requireLength(16);
    const state = JSON.parse(JSON.stringify(asked.state));
    const windows = await windowsOf(plain, 40);
    expect(await windowsOf(asked, 40)).toEqual(windows);
    expect(await windowsOf(WindowStream.resume(state, sources(), encoder, OPTIONS), 40)).toEqual(windows);
    expect(await windowsOf(asked, 9, 2, 16)).toEqual(await windowsOf(plain, 9, 2, 16));
  });

  it('gives the windows of one pass over every source, and then none, when asked for once', async () => {
    const sources = () => [numbers('one', 10, 900), numbers('two', 5000, 100)];
    const once = new WindowStream(sources(), encoder, OPTIONS);
    const first = await once.next(50, 8, true);
    expect([...first]).toEqual([...(await new WindowStream(sources(), encoder, OPTIONS).next(50, 8))]);
    const rest = await once.next(1000, 8, true);
    expect(await once.next(1, 8, true)).toHaveLength(0);
    const words = [...first, ...rest].filter((id) => id !== SEP);
    expect(new Set(words).size).toBe(words.length);
    expect(words.length).toBeGreaterThan(0.95 * 1000);
    expect(rest.length % 8).toBe(0);
    expect(once.epochs).toEqual([0, 0]);
  });
});
