import { describe, expect, it } from 'vitest';
import { Random } from '../random/random.ts';
import { type Automaton, AutomatonBuilder, anyOf, maybe } from './automaton.ts';
import { GAP, gapPosteriors } from './posterior.ts';

/** A language small enough to write out: `(big? (cat sits | cats sit) .)* END`, in which the ending agrees. */
function smallLanguage(): Automaton {
  const builder = new AutomatonBuilder();
  const start = builder.reserve();
  const after = builder.reserve();
  const sentence = [
    maybe(0.3, 'big'),
    {
      oneOf: [
        [3, ['cat', 'sits']],
        [1, ['cats', anyOf(['sit', 'run'])]],
      ],
    },
    '.',
  ] as const;
  builder.define(start, sentence, after);
  builder.defineChoice(after, [
    { weight: 1, phrase: sentence, next: after },
    { weight: 3, phrase: 'END', next: start },
  ]);
  return builder.build(start);
}

const language = smallLanguage();
const number = (word: string) => (word === '_' ? GAP : language.words.indexOf(word));
const windowOf = (text: string) => text.split(' ').map(number);
const fromStart = () => {
  const initial = new Float64Array(language.stateCount);
  initial[language.start] = 1;
  return initial;
};

/** P(word | window) at every gap by writing out all texts of the window's length. */
function byEnumeration(window: readonly number[], initial: Float64Array): Map<number, Float64Array> {
  const sums = new Map<number, Float64Array>();
  window.forEach((word, t) => {
    if (word === GAP) sums.set(t, new Float64Array(language.words.length));
  });
  let total = 0;
  const visit = (state: number, mass: number, text: readonly number[]): void => {
    const t = text.length;
    if (t === window.length) {
      total += mass;
      for (const [at, sum] of sums) sum[text[at] as number] = (sum[text[at] as number] as number) + mass;
      return;
    }
    for (let arc = language.starts[state] as number; arc < (language.starts[state + 1] as number); arc++) {
      const word = language.arcWords[arc] as number;
      if (window[t] !== GAP && window[t] !== word) continue;
      visit(language.arcTargets[arc] as number, mass * (language.arcProbabilities[arc] as number), [...text, word]);
    }
  };
  initial.forEach((mass, state) => {
    if (mass > 0) visit(state, mass, []);
  });
  return new Map([...sums].map(([t, sum]) => [t, sum.map((mass) => mass / total)]));
}

describe('an automaton', () => {
  it('has arcs whose probabilities sum to 1 at every state', () => {
    for (let state = 0; state < language.stateCount; state++) {
      const arcs = language.arcProbabilities.subarray(language.starts[state], language.starts[state + 1]);
      expect(arcs.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    }
  });

  it('spends its time in its states as `stationary` says', () => {
    const random = new Random(5);
    const visits = new Float64Array(language.stateCount);
    let state = language.start;
    const steps = 200_000;
    for (let i = 0; i < steps; i++) {
      visits[state] = (visits[state] as number) + 1 / steps;
      state = language.arcTargets[language.arcAt(state, random.uniform())] as number;
    }
    for (const [i, share] of language.stationary().entries()) expect(visits[i]).toBeCloseTo(share, 2);
  });
});

describe('gapPosteriors', () => {
  it.each(['big _ sits . END', '_ _ _ . END', 'cat _ . _ _ _ END', '_ _ _ _ _ _ _', 'cats sit _ cats _ _'])(
    'agrees with writing out every text: %s',
    (text) => {
      const window = windowOf(text);
      for (const initial of [fromStart(), language.stationary()]) {
        const expected = byEnumeration(window, initial);
        const found = gapPosteriors(language, window, initial) ?? [];
        expect(found.map(({ position }) => position)).toEqual([...expected.keys()]);
        for (const { position, probabilities } of found) {
          for (const [word, p] of expected.get(position)?.entries() ?? [])
            expect(probabilities[word]).toBeCloseTo(p, 12);
        }
      }
    },
  );

  it('knows that a word stands in no gap', () => {
    const window = windowOf('cat sits . _');
    const [free] = gapPosteriors(language, window, fromStart()) ?? [];
    const [told] = gapPosteriors(language, window, fromStart(), number('END')) ?? [];
    expect(free?.probabilities[number('END')]).toBeCloseTo(0.75, 12);
    expect(told?.probabilities[number('END')]).toBe(0);
    expect(told?.probabilities[number('cat')]).toBeCloseTo(0.7 * 0.75, 12);
  });

  it('says of a window that the language cannot make that it cannot', () => {
    expect(gapPosteriors(language, windowOf('cat sit .'), fromStart())).toBeUndefined();
  });
});
