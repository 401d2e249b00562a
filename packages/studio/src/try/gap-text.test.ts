import { expect, it } from 'vitest';
import { fillGap, gapsOf, hideLongest, maskedText, parseText, plainText, retype, toggle } from './gap-text.ts';
import { unbrokenRuns } from './unbroken.ts';

const words = (text: string) => parseText(text).flatMap((part) => (part.kind === 'word' ? [part.text] : []));

it('a text is its words and what stands between them, and nothing is lost', () => {
  const text = '  Don’t stop, said Ann-Marie: 3 cafés (née O’Neil)!\n';
  expect(words(text)).toEqual(['Don’t', 'stop', 'said', 'Ann-Marie', '3', 'cafés', 'née', 'O’Neil']);
  expect(plainText(parseText(text))).toBe(text);
  expect(maskedText(parseText(text))).toBe(text);
});

it('hidden words are [MASK] to the model and themselves to who types', () => {
  const text = toggle(toggle(parseText('The river flows.'), 2), 4);
  expect(maskedText(text)).toBe('The [MASK] [MASK].');
  expect(plainText(text)).toBe('The river flows.');
  expect(gapsOf(text)).toEqual([2, 4]);
  expect(maskedText(toggle(text, 2))).toBe('The river [MASK].');
});

it('a typed [MASK] is a gap with nothing to show', () => {
  const text = parseText('un[MASK] and [MASK]');
  expect(gapsOf(text)).toHaveLength(2);
  expect(toggle(text, gapsOf(text)[0] as number)).toEqual(text);
  expect(plainText(text)).toBe('un[MASK] and [MASK]');
});

it('typing keeps what is hidden on both sides of the change', () => {
  const before = toggle(toggle(parseText('The river flows into the sea.'), 2), 10);
  expect(maskedText(retype(before, 'The river runs quickly into the sea.'))).toBe(
    'The [MASK] runs quickly into the [MASK].',
  );
  expect(maskedText(retype(before, 'The riverbank flows into the sea.'))).toBe('The riverbank flows into the [MASK].');
  expect(maskedText(retype(before, ''))).toBe('');
  const twice = toggle(parseText('a a'), 2);
  expect(maskedText(retype(twice, 'a a a'))).toBe('a [MASK] a');
});

it('a candidate stands in its gap, and the other gaps stay', () => {
  const text = parseText('The [MASK] flows into the [MASK].');
  const filled = fillGap(text, 1, 'sea');
  expect(maskedText(filled)).toBe('The [MASK] flows into the sea.');
  expect(filled.find((part) => part.text === 'sea')).toMatchObject({ isFilled: true, isHidden: false });
  expect(plainText(fillGap(parseText('walk[MASK] home'), 0, 'ing'))).toBe('walking home');
  expect(fillGap(text, 7, 'x')).toEqual(text);
});

it('begins with the longest word hidden, or with the gaps that are there', () => {
  expect(maskedText(hideLongest('The old king had three daughters.'))).toBe('The old king had three [MASK].');
  expect(maskedText(hideLongest('A [MASK] of castles.'))).toBe('A [MASK] of castles.');
  expect(maskedText(hideLongest(''))).toBe('');
});

it('a line breaks at white space only: a word keeps its points, and brackets their words', () => {
  const runs = unbrokenRuns(parseText('  He said (softly): un-[MASK]ed, ok?'));
  const told = runs.map(({ space, pieces }) => [
    space,
    pieces.map((piece) => ('word' in piece ? piece.word.text || '_' : piece.text)).join('|'),
  ]);
  expect(told).toEqual([
    ['  ', 'He'],
    [' ', 'said'],
    [' ', '(|softly|):'],
    [' ', 'un|-|_|ed|,'],
    [' ', 'ok|?'],
  ]);
});
