import { expect, it } from 'vitest';
import { initialParameters, parameterCount } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { TOY_CONFIG } from '../training/toy-data.ts';
import { studentConfig, studentInitial, taughtLayer } from './student.ts';

const teacher = { ...TOY_CONFIG, numHiddenLayers: 6, numDecoderLayers: 4 };
const weights = initialParameters(teacher, new Random(3));

it('a student has half its teacher’s layers, or as many as it is given', () => {
  expect(studentConfig(teacher)).toEqual({ ...teacher, numHiddenLayers: 3, numDecoderLayers: 2 });
  expect(studentConfig(teacher, { encoder: 5, decoder: 1 })).toMatchObject({ numHiddenLayers: 5, numDecoderLayers: 1 });
  expect(studentConfig({ ...teacher, objective: 'mlm', numDecoderLayers: 0 })).toMatchObject({ numDecoderLayers: 0 });
});

it('a student of another width keeps the size of heads and the ratio of its feed-forward part', () => {
  const wide = { ...teacher, hiddenSize: 192, numAttentionHeads: 3, intermediateSize: 512 };
  const narrow = studentConfig(wide, { hiddenSize: 128 });
  expect(narrow).toMatchObject({ hiddenSize: 128, numAttentionHeads: 2, intermediateSize: 341 });
  expect(studentConfig(wide, { hiddenSize: 32 })).toMatchObject({ numAttentionHeads: 1, intermediateSize: 85 });
  const odd = () => studentConfig(wide, { hiddenSize: 63 });
  expect(odd).toThrow(expect.objectContaining({ code: 'invalid_config' }));
});

it('its layers come from the teacher’s at even distances, the first from the first', () => {
  expect([0, 1, 2].map((i) => taughtLayer(i, 3, 6))).toEqual([0, 2, 4]);
  expect([0, 1, 2, 3].map((i) => taughtLayer(i, 4, 6))).toEqual([0, 1, 3, 4]);
  expect(taughtLayer(0, 1, 4)).toBe(0);
});

it('it starts from the teacher’s tables, norms and those layers', () => {
  const student = studentConfig(teacher);
  const initial = studentInitial(student, teacher, weights);
  const size = Object.values(initial).reduce((sum, { length }) => sum + length, 0);
  expect(size).toBe(parameterCount(student));
  for (const [own, source] of [
    ['embeddings.word_embeddings.weight', 'embeddings.word_embeddings.weight'],
    ['encoder.layer.2.attention.qkv.weight', 'encoder.layer.4.attention.qkv.weight'],
    ['decoder.layer.1.crossattention.query.weight', 'decoder.layer.2.crossattention.query.weight'],
  ] as const) {
    expect(initial[own]).toBe(weights[source]);
  }
});

it('a student of another width is refused and not left half random', () => {
  const wide = { ...studentConfig(teacher), hiddenSize: 32 };
  expect(() => studentInitial(wide, teacher, weights)).toThrow(expect.objectContaining({ code: 'invalid_config' }));
});
