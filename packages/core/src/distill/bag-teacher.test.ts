import { expect, it } from 'vitest';
import { bagTeacher } from './bag-teacher.ts';
import { softLabels } from './soft-labels.ts';

const WORDS = ['[SEP]', 'bad', 'good', 'film', 'book'];
const decode = (ids: Int32Array) =>
  [...ids]
    .slice(1, -1)
    .map((id) => WORDS[id])
    .join(' ');
const text = (...words: string[]) => Int32Array.of(0, ...words.map((word) => WORDS.indexOf(word)), 0);
const LEARNED = [
  { ids: text('bad', 'film'), targets: Float32Array.of(1, 0) },
  { ids: text('good', 'film'), targets: Float32Array.of(0, 1) },
  { ids: text('bad', 'book'), targets: Float32Array.of(0.8, 0.2) },
  { ids: text('good', 'book'), targets: Float32Array.of(0.3, 0.7) },
];
const asked = { ids: text('good'), targets: Float32Array.of(0, 0) };

it.each([false, true])('learns words for its labels, several a text: %s', async (multiLabel) => {
  const many = Array.from({ length: 20 }, () => LEARNED).flat();
  let epochs = 0;
  const afterEpoch = async () => {
    epochs++;
  };
  const teacher = await bagTeacher(many, { multiLabel, seed: 1, decode, afterEpoch });
  expect(epochs).toBeGreaterThan(1);
  const [bad, good] = (await teacher([{ ...asked, ids: text('bad') }, asked])).slice(0, 2);
  expect(bad).toBeGreaterThan(0.7);
  if (!multiLabel) expect((bad as number) + (good as number)).toBeCloseTo(1, 5);
  const [labelled] = await softLabels([teacher, () => Float32Array.of(1, 0)], [asked]);
  const alone = await teacher([asked]);
  expect(labelled?.targets[0]).toBeCloseTo(((alone[0] as number) + 1) / 2, 5);
  expect(labelled?.targets[1]).toBeCloseTo((alone[1] as number) / 2, 5);
});
