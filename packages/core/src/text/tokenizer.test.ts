import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SPECIAL_TOKENS } from '../model/config.ts';
import { Tokenizer } from './tokenizer.ts';
import { tokenizerJson } from './tokenizer-json.ts';

const characters = (from: string, to: string) =>
  Array.from({ length: to.charCodeAt(0) - from.charCodeAt(0) + 1 }, (_, i) =>
    String.fromCharCode(from.charCodeAt(0) + i),
  );
const PIECES = [
  ...SPECIAL_TOKENS,
  ...characters('!', '@'),
  ...characters('[', '~'),
  ...characters('a', 'z').map((c) => `##${c}`),
  ...[
    'the',
    'th',
    'cat',
    '##s',
    'un',
    '##happi',
    '##ness',
    'é',
    '##é',
    'caf',
    'ß',
    'ς',
    'σ',
    '##ς',
    '##σ',
    '漢',
    '😀',
    'i̇',
  ],
].filter((piece, i, all) => all.indexOf(piece) === i);
const tokenizer = new Tokenizer(PIECES);
const library = new Library(tokenizerJson(PIECES), {});
const libraryIds = (text: string) => library.encode(text, { add_special_tokens: false }).ids;

/** Text that hits every branch: words, marks, digits, accents, other scripts, control characters, special tokens. */
const fragments = fc.oneof(
  fc.constantFrom('the', 'The', 'CATS', 'unhappiness', 'café', 'CAFÉ', 'café', 'naïve', 'ΣΑΣ', 'ΟΔΟΣ.', 'İstanbul'),
  fc.constantFrom(
    ...SPECIAL_TOKENS,
    '[mask]',
    '[Mask]',
    '[MASK',
    'MASK]',
    '[[MASK]]',
    'x[MASK]y',
    '［MASK］',
    '[1]',
    '[A',
  ),
  fc.constantFrom(
    '😀',
    '👩‍👩‍👧',
    '漢字',
    'ﬁ',
    '½',
    '²',
    '…',
    '“',
    '—',
    '¨',
    '\u0301',
    '\ufeff',
    '\u00a0',
    '\u2028',
    '\u200b',
  ),
  fc.constantFrom(
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\v',
    '\f',
    '\u0000',
    '\u0007',
    '\u001c',
    '\u007f',
    '\u0085',
    '\ud800',
  ),
  fc.constantFrom(
    '1984',
    '3.14',
    "don't",
    'a-b',
    '"',
    '(',
    ')',
    '$5',
    'a1b2',
    '٣',
    'a'.repeat(100),
    'a'.repeat(101),
    'é'.repeat(150),
  ),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const text = fc.array(fragments, { maxLength: 12 }).map((parts) => parts.join(''));

test('encode gives what the library gives, the first time and from the cache', () => {
  fc.assert(
    fc.property(text, (sample) => {
      const expected = libraryIds(sample);
      expect([...tokenizer.encode(sample)]).toEqual(expected);
      expect([...tokenizer.encode(sample)]).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});

test('encode gives what the library gives for every single character between letters', () => {
  for (let code = 0; code < 0x3100; code++) {
    const sample = `a${String.fromCharCode(code)}b ${String.fromCharCode(code)}`;
    expect([...tokenizer.encode(sample)], `U+${code.toString(16)}`).toEqual(libraryIds(sample));
  }
});

test('special tokens in the text become their ids, and nothing else is added', () => {
  const { maskId, sepId } = tokenizer;
  const the = tokenizer.idOf('the') as number;
  expect([...tokenizer.encode('the [MASK] the[SEP]')]).toEqual([the, maskId, the, sepId]);
  expect([...tokenizer.encode('')]).toEqual([]);
  expect(
    [tokenizer.padId, tokenizer.unkId, tokenizer.clsId, tokenizer.sepId, tokenizer.maskId].map((id) =>
      tokenizer.tokenOf(id),
    ),
  ).toEqual([...SPECIAL_TOKENS]);
});

test('invisible characters make no other word, alone they are nothing, and line ends and tabs still divide words', () => {
  const [the, cat] = [tokenizer.idOf('the') as number, tokenizer.idOf('cat') as number];
  for (const invisible of ['\u200b', '\u00ad', '\0', '\u0007', '\u007f', '\u200e', '\ufeff', '\u2060']) {
    expect([...tokenizer.encode(`th${invisible}e ${invisible} ${invisible}cat`)]).toEqual([the, cat]);
  }
  for (const dividing of ['\t', '\n', '\v', '\f', '\r', '\u00a0', '\u2028']) {
    expect([...tokenizer.encode(`the${dividing}cat`)]).toEqual([the, cat]);
  }
  expect([...tokenizer.encode('the\u0097cat')]).toEqual([tokenizer.unkId]);
});

test('a word over 100 characters and a word with an unknown character become [UNK]', () => {
  expect([...tokenizer.encode(`${'a'.repeat(101)} ж`)]).toEqual([tokenizer.unkId, tokenizer.unkId]);
});

test('decode joins pieces and puts punctuation back where print has it', () => {
  for (const sample of [
    'the unhappiness of cats, (the) café: 1984, 3.5 and 1,000.',
    '"the cat\'s well-known," and don\'t [MASK] the 20th!',
    'a/b costs $5; 10% off?',
  ]) {
    expect(tokenizer.decode(tokenizer.encode(sample))).toBe(sample);
  }
  const ids = tokenizer.encode('[CLS] the cat [SEP]');
  expect(tokenizer.decode(ids, { skipSpecial: true })).toBe('the cat');
  expect(tokenizer.decode([])).toBe('');
});

test('pieces that go on within a word are known', () => {
  expect(tokenizer.isContinuation(tokenizer.idOf('##ness') as number)).toBe(true);
  expect(tokenizer.isContinuation(tokenizer.idOf('the') as number)).toBe(false);
  expect(tokenizer.isContinuation(tokenizer.idOf('#') as number)).toBe(false);
  expect(tokenizer.isSpecial(tokenizer.maskId)).toBe(true);
  expect(tokenizer.isSpecial(tokenizer.idOf('!') as number)).toBe(false);
});

test('a tokenizer written and read again is the same', () => {
  const again = Tokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer)));
  expect(again.pieces).toEqual(tokenizer.pieces);
  expect([...again.encode('The cats [MASK] 42')]).toEqual([...tokenizer.encode('The cats [MASK] 42')]);
});

test('a file written before invisible characters were dropped is read, and written anew', () => {
  const json = JSON.parse(JSON.stringify(tokenizer));
  const normalizer = { type: 'Sequence', normalizers: [{ type: 'NFKC' }, { type: 'Lowercase' }] };
  expect(Tokenizer.fromJSON({ ...json, normalizer }).toJSON()).toEqual(tokenizer.toJSON());
});

test('a file of another kind is refused as unsupported_format', () => {
  const json = JSON.parse(JSON.stringify(tokenizer));
  const refused = expect.objectContaining({ code: 'unsupported_format' });
  expect(() => Tokenizer.fromJSON(null)).toThrow(refused);
  expect(() => Tokenizer.fromJSON({})).toThrow(refused);
  expect(() => Tokenizer.fromJSON({ ...json, normalizer: null })).toThrow(refused);
  expect(() => Tokenizer.fromJSON({ ...json, model: { ...json.model, type: 'BPE' } })).toThrow(refused);
  expect(() => Tokenizer.fromJSON({ ...json, model: { ...json.model, vocab: { ...json.model.vocab, a: 7 } } })).toThrow(
    refused,
  );
  expect(() => Tokenizer.fromJSON({ ...json, model: { ...json.model, vocab: { '[PAD]': 0 } } })).toThrow(refused);
  expect(() => new Tokenizer([...SPECIAL_TOKENS, 'a', 'a'])).toThrow(refused);
  expect(() => tokenizer.tokenOf(1e6)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
});
