import { describe, expect, it } from 'vitest';
import { referenceBackend } from '../backends/reference/training.ts';
import { classifierLogits } from '../model/classifier.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { textBatch } from '../training/text-batches.ts';
import { namedTexts, TOY_CONFIG } from '../training/toy-data.ts';
import { classifierTeacher, probabilities, softLabels } from './soft-labels.ts';

const ops = referenceBackend();
const head = { numLabels: 2 };

function classifier(seed: number) {
  const values = initialParameters(TOY_CONFIG, new Random(seed), head);
  values['classifier.out_proj.weight']?.forEach((w, i, all) => {
    all[i] = 20 * w;
  });
  const shapes = parameterShapes(TOY_CONFIG, head);
  const params = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, ops.persistent(shape, values[name])]),
  );
  return params;
}

describe('softLabels', () => {
  it('are the mean of the teachers’ probabilities, in the order of the texts', async () => {
    const classifiers = [classifier(1), classifier(2)];
    const teachers = classifiers.map((params) => classifierTeacher(ops, TOY_CONFIG, params, false));
    const examples = namedTexts(9, 5);
    const labelled = await softLabels(teachers, examples, { batchSize: 4 });
    expect(labelled.map(({ ids }) => ids)).toEqual(examples.map(({ ids }) => ids));
    for (const [i, example] of examples.entries()) {
      const alone = textBatch([example], TOY_CONFIG.padTokenId);
      const mean = [0, 0];
      for (const params of classifiers) {
        const [a, b] = await ops.read(classifierLogits(ops, params, TOY_CONFIG, alone));
        const first = 1 / (1 + Math.exp((b as number) - (a as number)));
        mean[0] = (mean[0] as number) + first / 2;
        mean[1] = (mean[1] as number) + (1 - first) / 2;
      }
      const targets = labelled[i]?.targets ?? [];
      expect(targets[0]).toBeCloseTo(mean[0] as number, 5);
      expect(targets[1]).toBeCloseTo(mean[1] as number, 5);
    }
    const firsts = labelled.map(({ targets }) => targets[0] as number);
    expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(0.01);
  });

  it('want a teacher', async () => {
    await expect(softLabels([], namedTexts(1, 1))).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

it('probabilities are softmax rows, or logistic values of several labels', () => {
  const logits = Float32Array.of(Math.log(1), Math.log(3), 1000, 0);
  expect([...probabilities(logits, 2, false)]).toEqual([0.25, 0.75, 1, 0]);
  expect([...probabilities(Float32Array.of(0, Math.log(3)), 2, true)]).toEqual([0.5, expect.closeTo(0.75, 6)]);
});
