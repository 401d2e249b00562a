import { describe, expect, it } from 'vitest';
import { Overlap } from './overlap.ts';
import { sentencesOf } from './sentences.ts';

function overlapOf(...texts: string[]): Overlap {
  const overlap = new Overlap();
  for (const text of texts) overlap.add(text);
  return overlap;
}

describe('an overlap', () => {
  const overlap = overlapOf("It 's a charming and often affecting journey .", 'Unflinchingly bleak .');

  it('finds a text again whatever its case, spaces and marks', () => {
    expect(overlap.holds('it’s a charming, and often AFFECTING journey!')).toBe(true);
    expect(overlap.holds('unflinchingly bleak')).toBe(true);
  });

  it('finds it within a longer one, and a part of it that is long enough', () => {
    expect(overlap.holds("Well: it's a charming and often affecting journey, or two.")).toBe(true);
    const long = overlapOf('one two three four five six seven eight nine ten');
    expect(long.holds('zero two three four five six seven eight nine')).toBe(true);
  });

  it('leaves alone what shares fewer than eight words in a row, or holds a short text', () => {
    const long = overlapOf('one two three four five six seven eight nine ten');
    expect(long.holds('one two three four five six seven and eight nine ten')).toBe(false);
    expect(long.holds('one two three four five six seven')).toBe(false);
    expect(overlap.holds('unflinchingly bleak and desperate')).toBe(false);
  });
});

it('sentences are those of four words or more', () => {
  expect(sentencesOf('A warm and moving film. See it! It cost $3.50 in all, they say. Yes.')).toEqual([
    'A warm and moving film.',
    'It cost $3.50 in all, they say.',
  ]);
});
