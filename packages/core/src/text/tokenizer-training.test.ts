import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SPECIAL_TOKENS } from '../model/config.ts';
import { Random } from '../random/random.ts';
import { PairMerges } from './pair-merges.ts';
import { Tokenizer } from './tokenizer.ts';
import { tokenizerJson } from './tokenizer-json.ts';
import { trainTokenizer } from './tokenizer-training.ts';
import { WordCounts } from './word-counts.ts';

async function* stream(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

/** Words of made-up syllables with Zipf's counts: enough repetition for any small vocabulary. */
function text(lines: number, seed = 1): string[] {
  const random = new Random(seed);
  const syllables = ['ka', 'lo', 'mi', 'ter', 'sun', 'ba', 'ne', 'ro', 'fi', 'du', 'shan', 'pel'];
  const words = Array.from({ length: 600 }, () =>
    Array.from({ length: 1 + random.integer(4) }, () => syllables[random.integer(syllables.length)]).join(''),
  );
  return Array.from({ length: lines }, () =>
    Array.from({ length: 12 }, () => words[Math.floor(600 * random.uniform() ** 3)]).join(' '),
  );
}

test('the vocabulary has exactly the size asked for, special tokens first', async () => {
  for (const vocabSize of [128, 300, 600]) {
    const tokenizer = Tokenizer.fromJSON(await trainTokenizer(stream(text(400)), { vocabSize }));
    expect(tokenizer.vocabSize).toBe(vocabSize);
    expect(tokenizer.pieces.slice(0, 5)).toEqual([...SPECIAL_TOKENS]);
  }
});

test('frequent words become single pieces, and no word of plain ASCII is unknown', async () => {
  const tokenizer = Tokenizer.fromJSON(
    await trainTokenizer(stream(new Array(50).fill('The reading of reading, and 1984!')), { vocabSize: 400 }),
  );
  expect(tokenizer.encode('reading')).toHaveLength(1);
  const unseen = tokenizer.encode('Zyx quickly {jumped} over @7 ~ #tags_and\\stuff');
  expect(unseen).not.toContain(tokenizer.unkId);
});

test('the order of the lines does not change the vocabulary', async () => {
  const lines = text(300);
  const json = await trainTokenizer(stream(lines), { vocabSize: 500 });
  new Random(9).shuffle(lines);
  expect(await trainTokenizer(stream(lines), { vocabSize: 500 })).toEqual(json);
});

test('words are counted as the library normalises and splits them', () => {
  const library = new Library(tokenizerJson(SPECIAL_TOKENS), {});
  const fragment = fc.oneof(
    fc.constantFrom(
      'The',
      'ÉCOLE',
      'ﬁne',
      'ΟΔΟΣ',
      'a1b',
      '½',
      '漢字',
      ' ',
      '\t',
      '\u00a0',
      '\u0007',
      '“x”',
      "it's",
      '[A]',
    ),
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.string({ unit: 'grapheme-ascii', maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 10 }), (parts) => {
      const line = parts.join('');
      const expected = new Map<string, number>();
      const normalized = library.normalizer?.normalize(line) ?? '';
      for (const word of library.pre_tokenizer?.pre_tokenize(normalized) ?? []) {
        expected.set(word, (expected.get(word) ?? 0) + 1);
      }
      const counts = new WordCounts();
      counts.add(line);
      expect([...counts.words()].sort()).toEqual([...expected].sort());
    }),
    { numRuns: 1000 },
  );
});

test('special tokens in the text are not counted', () => {
  const counts = new WordCounts();
  counts.add('a [MASK] b[SEP]c');
  expect([...counts.words().keys()].sort()).toEqual(['a', 'b', 'c']);
});

test('invisible characters change no count', () => {
  const counts = new WordCounts();
  counts.add('soft\u00adly soft\u200bly soft\0ly softly é\u00adtude \u200b \u0007');
  expect([...counts.words()].sort()).toEqual([
    ['softly', 4],
    ['étude', 1],
  ]);
});

test('words of a long chain without spaces are counted, and those too long for any vocabulary are not', () => {
  const counts = new WordCounts();
  counts.add(`${'Über,漢字。'.repeat(20)}${'é'.repeat(101)}`);
  counts.add(`${'a'.repeat(101)} ${'b'.repeat(100)}`);
  expect([...counts.words()].sort()).toEqual(
    [
      ['über', 20],
      [',', 20],
      ['漢字', 20],
      ['。', 20],
      ['b'.repeat(100), 1],
    ].sort(),
  );
});

test('long words let the rarest go before there are too many', () => {
  const counts = new WordCounts(100);
  const long = (i: number) => `${'x'.repeat(80)}${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`;
  for (let i = 0; i < 90; i++) counts.add(`often ${long(i)}`);
  const words = counts.words();
  expect(words.get('often')).toBe(90);
  expect([...words.keys()].join('').length).toBeLessThanOrEqual(100 * 32);
});

test('a full table lets the rarest words go and keeps the frequent ones exact', () => {
  const counts = new WordCounts(100);
  for (let i = 0; i < 2000; i++) counts.add(`often w${'abcdefghij'[i % 10]} x${i.toString(26).replace(/\d/g, 'z')}y`);
  const words = counts.words();
  expect(words.get('often')).toBe(2000);
  expect(words.get('wa')).toBe(200);
  expect(words.size).toBeLessThanOrEqual(101);
});

test('merges are those of counting all pairs anew each time', () => {
  const letters = fc.constantFrom('a', 'b', 'c');
  const vocabulary = fc.dictionary(
    fc.string({ unit: letters, minLength: 1, maxLength: 8 }),
    fc.integer({ min: 1, max: 9 }),
    {
      minKeys: 1,
      maxKeys: 12,
    },
  );
  const alphabet = ['a', 'b', 'c', '##a', '##b', '##c'];
  fc.assert(
    fc.property(vocabulary, (words) => {
      const merges = new PairMerges(alphabet, new Map(Object.entries(words)), 64);
      for (let i = 0; i < 20 && merges.merge(); i++);
      expect(merges.pieces).toEqual(slowMerges(alphabet, words, 20));
    }),
    { numRuns: 500 },
  );
});

/** The same by definition: no bookkeeping. */
function slowMerges(alphabet: readonly string[], counts: Record<string, number>, steps: number): string[] {
  const pieces = [...alphabet];
  const words = Object.entries(counts).map(([word, count]) => ({
    symbols: [...word].map((c, i) => pieces.indexOf(i === 0 ? c : `##${c}`)),
    count,
  }));
  for (let step = 0; step < steps; step++) {
    const pairs = new Map<string, number>();
    for (const { symbols, count } of words) {
      for (let i = 1; i < symbols.length; i++) {
        const key = `${symbols[i - 1]},${symbols[i]}`;
        pairs.set(key, (pairs.get(key) ?? 0) + count);
      }
    }
    // Pairs that overlap themselves (a a a) count every place but merge every other: as in the paper.
    const best = [...pairs]
      .map(([key, count]) => ({ pair: key.split(',').map(Number) as [number, number], count }))
      .filter(({ count }) => count >= 2)
      .sort((x, y) => y.count - x.count || x.pair[0] - y.pair[0] || x.pair[1] - y.pair[1])[0];
    if (best === undefined) break;
    const [left, right] = best.pair;
    const piece = `${pieces[left]}${pieces[right]?.slice(2)}`;
    if (!pieces.includes(piece)) pieces.push(piece);
    const merged = pieces.indexOf(piece);
    for (const word of words) {
      const out: number[] = [];
      for (let i = 0; i < word.symbols.length; i++) {
        if (word.symbols[i] === left && word.symbols[i + 1] === right) {
          out.push(merged);
          i++;
        } else out.push(word.symbols[i] as number);
      }
      word.symbols = out;
    }
  }
  return pieces;
}

test('text that runs out of repeated pairs gives a smaller vocabulary', async () => {
  const json = await trainTokenizer(stream(new Array(40).fill('one two')), { vocabSize: 4096 });
  expect(Tokenizer.fromJSON(json).vocabSize).toBeLessThan(140);
});

test('progress is told and maxBytes ends the reading', async () => {
  const seen: string[] = [];
  let bytes = 0;
  await trainTokenizer(stream(text(2000)), {
    vocabSize: 500,
    maxBytes: 10_000,
    onProgress: (progress) => {
      seen.push(progress.phase);
      bytes = progress.bytes;
    },
  });
  expect(seen).toContain('merging');
  expect(bytes).toBeGreaterThanOrEqual(10_000);
  expect(bytes).toBeLessThan(11_000);
});

test('empty text, too little text, a wrong size and an abort have their codes', async () => {
  const code = (code: string) => expect.objectContaining({ code });
  await expect(trainTokenizer(stream([]))).rejects.toThrow(code('empty_text'));
  await expect(trainTokenizer(stream(['  ', '\t']))).rejects.toThrow(code('empty_text'));
  await expect(trainTokenizer(stream(['a few words']))).rejects.toThrow(code('text_too_short'));
  for (const vocabSize of [10, 1.5, Number.NaN]) {
    await expect(trainTokenizer(stream(text(10)), { vocabSize })).rejects.toThrow(code('invalid_argument'));
  }
  await expect(trainTokenizer(stream(text(10)), { signal: AbortSignal.abort() })).rejects.toThrow(code('aborted'));
});
