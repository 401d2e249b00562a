import { beforeAll, describe, expect, it } from 'vitest';
import { maskWindows } from '../masking/masking.ts';
import { Random } from '../random/random.ts';
import { embeddedSource, printed, storyWords } from './embedded.ts';
import { embeddedFloor } from './embedded-floor.ts';
import { storyAutomaton } from './embedded-grammar.ts';
import { ANIMALS, BOYS, GIRLS, VERBS } from './embedded-words.ts';
import { Tokenizer } from './tokenizer.ts';
import { trainTokenizer } from './tokenizer-training.ts';

async function linesOf(source: ReturnType<typeof embeddedSource>, skip?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of source.lines(skip)) lines.push(line);
  return lines;
}

const automaton = storyAutomaton();
const stories = Array.from({ length: 3000 }, (_, i) => storyWords(automaton, 11, i));

describe('the embedded corpus', () => {
  it('is the same for the same seed, from any line on, and another for another', async () => {
    const source = embeddedSource({ seed: 4, stories: 40 });
    const lines = await linesOf(source);
    expect(lines).toHaveLength(40);
    expect(await linesOf(source)).toEqual(lines);
    expect(await linesOf(source, 33)).toEqual(lines.slice(33));
    expect(await linesOf(embeddedSource({ seed: 5, stories: 40 }))).not.toEqual(lines);
  });

  it('has about the size it says', async () => {
    const source = embeddedSource({ stories: 2000 });
    const size = (await linesOf(source)).reduce((sum, line) => sum + line.length + 1, 0);
    expect(Math.abs(size / source.sizeBytes - 1)).toBeLessThan(0.05);
  });

  it('is printed as English is', () => {
    expect(printed('in the spring , anna is an old queen . she runs .'.split(' '))).toBe(
      'In the spring, Anna is an old queen. She runs.',
    );
  });

  it('uses every word of its language, a few hundred', () => {
    const used = new Set(stories.flat());
    expect([...automaton.words].filter((word) => word !== '[SEP]' && !used.has(word))).toEqual([]);
    expect(used.size).toBeGreaterThan(300);
  });

  it('agrees: `an` before vowels, as they sound,, verbs and pronouns with their hero', () => {
    const single = new Set([...Object.values(VERBS).flatMap(({ one }) => one), 'is', 'has']);
    const plural = new Set([...Object.values(VERBS).flatMap(({ many }) => many), 'are', 'have']);
    for (const words of stories) {
      const text = words.join(' ');
      expect(text).not.toMatch(/\ba ([aeiou]|honest)|\ban (?!honest)[^aeiou]/);
      const hero = words[0] === 'there' ? (words.find((word) => isAnimal(word)) as string) : (words[0] as string);
      const pronoun = GIRLS.includes(hero)
        ? 'she'
        : BOYS.includes(hero)
          ? 'he'
          : ANIMALS.one.includes(hero)
            ? 'it'
            : 'they';
      const others = ['she', 'he', 'it', 'they'].filter((word) => word !== pronoun);
      expect(words.filter((word) => others.includes(word))).toEqual([]);
      words.forEach((word, i) => {
        if (word !== pronoun) return;
        expect(pronoun === 'they' ? plural : single).toContain(words[i + 1]);
      });
    }
    function isAnimal(word: string): boolean {
      return ANIMALS.one.includes(word) || ANIMALS.many.includes(word);
    }
  });
});

describe('the floor', () => {
  let tokenizer: Tokenizer;
  const masking = { isSpecial: (id: number) => id < 5, isContinuation: () => false, spans: [1, 1] as const };

  beforeAll(async () => {
    tokenizer = Tokenizer.fromJSON(
      await trainTokenizer(embeddedSource({ stories: 20_000 }).lines(), { vocabSize: 1024 }),
    );
  });

  function batches(rows: number, length: number, ratio: number, seed = 3) {
    const text: number[] = [];
    for (let i = 0; text.length < rows * length + 7; i++) {
      text.push(...storyWords(automaton, seed, i).map((word) => tokenizer.idOf(word) as number), tokenizer.sepId);
    }
    const ids = Int32Array.from(text.slice(7, 7 + rows * length));
    return [maskWindows(ids, rows, length, { ratio, ...masking }, new Random(seed))];
  }

  it('stands on a tokenizer that keeps every word whole', () => {
    expect(tokenizer.vocabSize).toBeLessThanOrEqual(1024);
    for (const word of automaton.words) expect([...tokenizer.encode(word)]).toEqual([tokenizer.idOf(word)]);
    const story = stories[0] as string[];
    expect([...tokenizer.encode(printed(story))]).toEqual(story.map((word) => tokenizer.idOf(word)));
  });

  it('is what it was measured to be, between 1 and 1.3 nats a gap, and grows with the ratio', () => {
    const low = embeddedFloor(batches(128, 64, 0.15), tokenizer);
    const high = embeddedFloor(batches(128, 64, 0.6), tokenizer);
    expect(low.tokens).toBe(128 * 10);
    expect(low.crossEntropy).toBeGreaterThan(1);
    expect(low.crossEntropy).toBeLessThan(1.3);
    expect(high.crossEntropy).toBeGreaterThan(low.crossEntropy + 0.2);
    expect(low.standardError).toBeLessThan(0.05);
  });

  it('is lower than what counting words, or neighbours, scores', () => {
    const [batch] = batches(128, 64, 0.15);
    const bigrams = new Map<string, number>();
    const unigrams = new Map<string, number>();
    for (const words of stories) {
      words.forEach((word, i) => {
        const before = words[i - 1] ?? '[SEP]';
        unigrams.set(before, (unigrams.get(before) ?? 0) + 1);
        bigrams.set(`${before} ${word}`, (bigrams.get(`${before} ${word}`) ?? 0) + 1);
      });
    }
    let sum = 0;
    let tokens = 0;
    if (batch === undefined) throw new Error('expected a batch');
    const { visibleLength: Tv, gapLength: G } = batch;
    for (let i = 0; i < batch.labels.length; i++) {
      const b = Math.floor(i / G);
      const at = batch.visiblePositions.subarray(b * Tv, (b + 1) * Tv).indexOf((batch.gapPositions[i] as number) - 1);
      if (at < 0) continue;
      const before = tokenizer.tokenOf(batch.visibleIds[b * Tv + at] as number);
      const pair = `${before} ${tokenizer.tokenOf(batch.labels[i] as number)}`;
      sum -= Math.log(((bigrams.get(pair) ?? 0) + 0.1) / ((unigrams.get(before) ?? 0) + 0.1 * automaton.words.length));
      tokens++;
    }
    expect(sum / tokens).toBeGreaterThan(embeddedFloor([batch], tokenizer).crossEntropy * 1.3);
  });

  it('is as high as the posteriors are uncertain, which holds for the true ones only', () => {
    const floors = [4, 5, 6].map((seed) => embeddedFloor(batches(128, 48, 0.3, seed), tokenizer));
    for (const { crossEntropy, entropy, standardError } of floors) {
      expect(Math.abs(crossEntropy - entropy)).toBeLessThan(4 * standardError);
    }
  });

  it('refuses text that is not of the corpus, and vocabularies that split its words', () => {
    const code = expect.objectContaining({ code: 'invalid_argument' });
    const [batch] = batches(2, 16, 0.15);
    if (batch === undefined) throw new Error('expected a batch');
    expect(() => embeddedFloor([batch], { idOf: () => undefined })).toThrow(code);
    const full = tokenizer.idOf('.') as number;
    expect(() => embeddedFloor([{ ...batch, visibleIds: batch.visibleIds.map(() => full) }], tokenizer)).toThrow(code);
    expect(() => embeddedFloor([{ ...batch, visibleIds: batch.visibleIds.map(() => 0) }], tokenizer)).toThrow(code);
  });
});
