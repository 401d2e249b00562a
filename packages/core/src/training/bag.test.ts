import { describe, expect, it } from 'vitest';
import { Random } from '../random/random.ts';
import { BAG_RECIPE, BagClassifier, type BagExample, bagOf } from './bag.ts';

const recipe = { ...BAG_RECIPE, buckets: 1024, size: 8, epochs: 30 };
const NOISE = ['the', 'cat', 'dog', 'sat', 'on', 'a', 'mat'];

/** Noise in which words say labels. */
function texts(count: number, seed: number, sayings: readonly string[], many: boolean): BagExample[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const chosen = random.integer(sayings.length);
    const labels = sayings.map((_, k) => k).filter((k) => (many ? random.uniform() < 0.5 : k === chosen));
    const noise = () => NOISE[random.integer(NOISE.length)] as string;
    return { text: [noise(), noise(), ...labels.map((k) => sayings[k]), noise()].join(' '), labels };
  });
}

function learn(classifier: BagClassifier, examples: readonly BagExample[]): number[] {
  return [...classifier.train(examples)];
}

const bestOf = (logits: Float32Array) => logits.indexOf(Math.max(...logits));

describe('a bag of n-grams', () => {
  it('learns labels that a word says, on texts it has not seen', () => {
    const sayings = ['good', 'bad', 'odd'];
    const classifier = new BagClassifier(recipe, 3);
    learn(classifier, texts(200, 1, sayings, false));
    const held = texts(100, 2, sayings, false);
    expect(held.filter(({ text, labels }) => bestOf(classifier.logits(text)) === labels[0]).length).toBe(100);
  });

  it('learns several labels a text, and none', () => {
    const sayings = ['good', 'bad'];
    const classifier = new BagClassifier({ ...recipe, multiLabel: true }, 2);
    learn(classifier, texts(300, 1, sayings, true));
    const held = texts(100, 2, sayings, true);
    const given = (text: string) => [...classifier.logits(text)].flatMap((x, k) => (x > 0 ? [k] : []));
    const right = held.filter(({ text, labels }) => given(text).join() === labels.join());
    expect(held.some(({ labels }) => labels.length === 0)).toBe(true);
    expect(right.length).toBeGreaterThanOrEqual(98);
  });

  it('tells by pairs of words what single words do not say, and only then', () => {
    const examples = ['not good', 'good', 'not bad', 'bad'].map((text, i) => ({
      text,
      labels: [[1], [0], [0], [1]][i] as number[],
    }));
    const accuracy = (ngrams: number) => {
      const classifier = new BagClassifier({ ...recipe, ngrams, epochs: 200 }, 2);
      learn(classifier, examples);
      return examples.filter(({ text, labels }) => bestOf(classifier.logits(text)) === labels[0]).length / 4;
    };
    expect(accuracy(2)).toBe(1);
    expect(accuracy(1)).toBeLessThan(1);
  });

  it('steps down the gradient of its loss', () => {
    const example = { text: 'good cat', labels: [1] };
    const small = { ...recipe, epochs: 1, learningRate: 1e-3, ngrams: 1 };
    const before = new BagClassifier(small, 3);
    const after = new BagClassifier(small, 3);
    for (const classifier of [before, after])
      classifier.weight.forEach((_, i) => {
        classifier.weight[i] = Math.sin(i + 1);
      });
    learn(after, [example]);
    const loss = () => {
      const logits = before.logits(example.text);
      const max = Math.max(...logits);
      return max + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - max), 0)) - (logits[1] as number);
    };
    const slope = (values: Float32Array, i: number) => {
      const kept = values[i] as number;
      const sides = [0.01, -0.01].map((move) => {
        values[i] = kept + move;
        return loss();
      });
      values[i] = kept;
      return ((sides[0] as number) - (sides[1] as number)) / 0.02;
    };
    const moved = (a: Float32Array, b: Float32Array, i: number) => ((a[i] as number) - (b[i] as number)) / 1e-3;
    for (let i = 0; i < 3; i++) expect(moved(before.bias, after.bias, i)).toBeCloseTo(slope(before.bias, i), 2);
    for (let i = 0; i < 24; i++) expect(moved(before.weight, after.weight, i)).toBeCloseTo(slope(before.weight, i), 2);
    const bag = bagOf(example.text, small);
    const [row = 0] = bag;
    for (let c = 0; c < 8; c++) {
      const i = row * 8 + c;
      expect(moved(before.table, after.table, i)).toBeCloseTo(slope(before.table, i) * bag.length, 2);
    }
  });

  it('is the same for the same seed, and another for another', () => {
    const trained = (seed: number) => {
      const classifier = new BagClassifier({ ...recipe, seed, epochs: 2 }, 2);
      learn(classifier, texts(50, 1, ['good', 'bad'], false));
      return classifier.logits('a good cat');
    };
    expect(trained(1)).toEqual(trained(1));
    expect(trained(1)).not.toEqual(trained(2));
  });

  it('has an answer to a text without words', () => {
    expect(bagOf('', recipe).length).toBe(1);
    expect([...new BagClassifier(recipe, 2).logits('')].every(Number.isFinite)).toBe(true);
  });
});
