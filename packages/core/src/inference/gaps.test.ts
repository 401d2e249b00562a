import { describe, expect, it } from 'vitest';
import { SPECIAL_TOKENS } from '../model/config.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { gapBatch as batchOf, candidates, gapTokens, targetIds } from './gaps.ts';

const WORDS = 'the cat sat on mat a b c d e f g . ! ##s ##at'.split(' ');
const tokenizer = new Tokenizer([...SPECIAL_TOKENS, ...WORDS]);
const id = (piece: string) => tokenizer.idOf(piece) as number;
const gapBatch = (...[of, text, maxLength, truncate]: Parameters<typeof gapTokens>) =>
  batchOf(of, gapTokens(of, text, maxLength, truncate));
const ids = (text: string) => text.split(' ').map(id);

describe('gapBatch', () => {
  it('removes the gaps and keeps every position, separators around', () => {
    const batch = gapBatch(tokenizer, 'The [MASK] sat on [MASK][MASK].', 24, false);
    expect(batch).toMatchObject({ batchSize: 1, visibleLength: 6, gapLength: 3 });
    expect([...batch.visibleIds]).toEqual(ids('[SEP] the sat on . [SEP]'));
    expect([...batch.visiblePositions]).toEqual([0, 1, 3, 4, 7, 8]);
    expect([...batch.gapPositions]).toEqual([2, 5, 6]);
  });

  it('takes a text that is a gap and nothing else', () => {
    const batch = gapBatch(tokenizer, '[MASK]', 24, false);
    expect([[...batch.visiblePositions], [...batch.gapPositions]]).toEqual([[0, 2], [1]]);
  });

  it('refuses a text without a gap: no_mask_token', () => {
    for (const text of ['the cat', '', '[mask]', 'MASK']) {
      expect(() => gapBatch(tokenizer, text, 24, true)).toThrow(expect.objectContaining({ code: 'no_mask_token' }));
    }
  });

  it('takes the longest text there is room for and refuses one token more: text_too_long', () => {
    expect(gapBatch(tokenizer, 'a b c d e [MASK]', 8, false).visibleLength).toBe(7);
    expect(() => gapBatch(tokenizer, 'a b c d e f [MASK]', 8, false)).toThrow(
      expect.objectContaining({ code: 'text_too_long', facts: { tokens: 7, limit: 6 } }),
    );
  });

  it.each([
    ['[MASK] a b c d e f g', '[SEP] a b c [SEP]'],
    ['a b c d e f g [MASK]', '[SEP] e f g [SEP]'],
    ['a b c d [MASK] e f g', '[SEP] c d e [SEP]'],
    ['a b [MASK] c [MASK] d e f', '[SEP] b c [SEP]'],
  ])('cuts "%s" to a window around its gaps when asked', (text, visible) => {
    const batch = gapBatch(tokenizer, text, 6, true);
    expect([...batch.visibleIds]).toEqual(ids(visible));
    expect(batch.visibleLength + batch.gapLength).toBe(6);
  });

  it('refuses gaps too far apart for any window', () => {
    expect(() => gapBatch(tokenizer, '[MASK] a b c d [MASK]', 6, true)).toThrow(
      expect.objectContaining({ code: 'text_too_long', message: expect.stringMatching(/too far apart/) }),
    );
  });
});

describe('targetIds', () => {
  it('finds words as they are written and pieces as the vocabulary spells them', () => {
    expect(targetIds(tokenizer, ['Cat', '##s', '!'])).toEqual([id('cat'), id('##s'), id('!')]);
  });

  it('gives words that are the same piece once', () => {
    expect(targetIds(tokenizer, ['Cat', 'mat', 'cat', 'CAT'])).toEqual([id('cat'), id('mat')]);
  });

  it.each(['cats', 'the cat', 'zebra', '', '[MASK]', '[PAD]'])('refuses "%s": unknown_target', (target) => {
    expect(() => targetIds(tokenizer, [target])).toThrow(
      expect.objectContaining({ code: 'unknown_target', facts: expect.objectContaining({ target }) }),
    );
  });
});

describe('candidates', () => {
  const logits = Float32Array.from({ length: tokenizer.vocabSize }, (_, i) => Math.sin(i * 3));
  logits[id('[PAD]')] = 50;
  logits[id('##s')] = 49;
  logits[id('cat')] = 49.5;

  it('are the best ones without special tokens, scored over the whole vocabulary', () => {
    const found = candidates(tokenizer, '[MASK][MASK].', 1, logits, 2, undefined);
    expect(found.map(({ token_str, sequence }) => [token_str, sequence])).toEqual([
      ['cat', '[MASK]cat.'],
      ['s', '[MASK]s.'],
    ]);
    const total = Math.exp(0) + Math.exp(-0.5) + Math.exp(-1);
    expect(found[0]?.score).toBeCloseTo(Math.exp(-0.5) / total, 6);
  });

  it.each([
    ['the [MASK].', 'word'],
    ['[MASK]', 'word'],
    ['"[MASK]"', 'word'],
    ['well-[MASK]', 'word'],
    ['the[MASK]', 'continuation'],
    ['caf\u00e9[MASK]', 'continuation'],
    ['cafe\u0301[MASK]', 'continuation'],
    ['the 7[MASK]', 'either'],
    ['the [MASK][MASK]', 'word', 'either'],
  ])('begin a word or go on in one as the space before the gap says: %s', (text, ...kinds) => {
    const found = (gap: number) =>
      new Set(candidates(tokenizer, text, gap, logits, 1000, undefined).map(({ token }) => token));
    kinds.forEach((kind, gap) => {
      const allowed = WORDS.filter((word) => kind === 'either' || word.startsWith('##') === (kind === 'continuation'));
      expect(found(gap)).toEqual(new Set(allowed.map(id)));
    });
  });

  it('are all pieces that may stand there when asked for more than there are, best first', () => {
    const found = candidates(tokenizer, '[MASK]', 0, logits, 1000, undefined);
    expect(found).toHaveLength(WORDS.filter((word) => !word.startsWith('##')).length);
    expect(found.map(({ score }) => score)).toEqual(found.map(({ score }) => score).sort((a, b) => b - a));
  });

  it('are the targets, best first, whatever else scores higher', () => {
    const found = (topK: number) =>
      candidates(tokenizer, '[MASK]', 0, logits, topK, [id('mat'), id('cat')]).map(({ token_str }) => token_str);
    expect([found(1), found(2), found(3)]).toEqual([['cat'], ['cat', 'mat'], ['cat', 'mat']]);
  });

  it('fill their own gap and leave the others', () => {
    const sequence = (gap: number) =>
      candidates(tokenizer, '[MASK] [MASK] b [MASK]', gap, logits, 1, undefined)[0]?.sequence;
    expect([0, 1, 2].map(sequence)).toEqual(['cat [MASK] b [MASK]', '[MASK] cat b [MASK]', '[MASK] [MASK] b cat']);
  });

  it('stay finite for logits that exp cannot take', () => {
    const steep = logits.map((value) => value * 1000);
    expect(candidates(tokenizer, '[MASK]', 0, steep, 3, undefined).every(({ score }) => score >= 0 && score <= 1)).toBe(
      true,
    );
  });
});
