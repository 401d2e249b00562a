import { beforeAll, expect, it } from 'vitest';
import { readArtifact, weightBytes, writeArtifact } from '../artifact/artifact.ts';
import { createWasmInference } from '../backends/wasm/inference.ts';
import { loadKernels } from '../backends/wasm/load-node.ts';
import type { Model } from '../inference/model.ts';
import { config, critic, filler, labels, load, loud } from '../inference/testing.ts';
import { compareModels, median } from './comparison.ts';
import { int8Report } from './int8-report.ts';
import { timeShape } from './shape-timing.ts';

const TEXTS = ['the cat sat on the mat.', 'a very good film!', '', 'the dog ran home, the cat was in'].map((text) => ({
  text,
}));
const code = (expected: string) => expect.objectContaining({ code: expected });

let kernels: WebAssembly.Module;
beforeAll(async () => {
  kernels = await loadKernels('inference');
});
const wasm = () => createWasmInference(kernels);
const modelOf = (parts: typeof filler): Promise<Model> => load(wasm(), parts);

it('a model agrees with itself in all, and its scores are those of its own answers', async () => {
  const told = await compareModels(await modelOf(filler), await modelOf(filler), TEXTS, { ratio: 0.3 });
  expect(told.agreement).toBe(1);
  expect(told.logits).toEqual({ meanDifference: 0, largestDifference: 0 });
  expect(told.texts).toBe(3);
  expect({ ...told.first, medianMs: 0 }).toEqual({ ...told.second, medianMs: 0 });
  const model = await modelOf(filler);
  for (const { text, gap = -1, expected, first } of told.answers) {
    const all = (await model.fillMask(text, { topK: config.vocabSize }))[gap] ?? [];
    const right = (await model.fillMask(text, { targets: [expected] }))[gap]?.[0];
    expect(first.expectedScore).toBeCloseTo(right?.score ?? Number.NaN, 5);
    expect(first.score).toBeGreaterThanOrEqual(all[0]?.score ?? Number.NaN);
    expect(first.rank === 0).toBe(first.answer === expected);
  }
  const right = told.answers.filter(({ first }) => first.rank === 0).length;
  expect(told.first.top1).toBe(right / told.answers.length);
  expect(told.first.top5).toBeGreaterThanOrEqual(told.first.top1);
});

it('two models differ by what int8 does to logits, and the seed decides which tokens are hidden', async () => {
  const [plain, rounded] = [await modelOf({ ...filler, quantization: 'none' }), await modelOf(filler)];
  const told = await compareModels(plain, rounded, TEXTS);
  expect(told.logits.largestDifference).toBeGreaterThan(told.logits.meanDifference);
  expect(told.logits.meanDifference).toBeGreaterThan(0);
  const other = await modelOf({ ...filler, params: loud(7) });
  const apart = await compareModels(plain, other, TEXTS);
  expect(apart.logits.meanDifference).toBeGreaterThan(4 * told.logits.meanDifference);
  expect(apart.agreement).toBeLessThan(1);
  const hidden = async (seed: number) =>
    (await compareModels(plain, rounded, TEXTS, { seed })).answers.map((a) => a.text);
  expect(await hidden(1)).toEqual(told.answers.map((a) => a.text));
  expect(await hidden(2)).not.toEqual(await hidden(1));
});

it('classifiers are asked for labels: each answer with the probability that the model gives', async () => {
  const model = await modelOf(critic);
  const examples = TEXTS.map(({ text }, i) => ({ text, label: labels[i % 3] as string }));
  const told = await compareModels(model, await modelOf({ ...critic, quantization: 'none' }), examples);
  expect(told.texts).toBe(3);
  for (const { text, expected, first } of told.answers) {
    const scores = await model.classify(text);
    expect(first.answer).toBe(scores[0]?.label);
    expect(first.score).toBeCloseTo(scores[0]?.score ?? Number.NaN, 5);
    expect(first.rank).toBe(scores.findIndex(({ label }) => label === expected));
    expect(first.expectedScore).toBeCloseTo(scores[first.rank]?.score ?? Number.NaN, 5);
  }
});

it('refuses models that do not answer alike, labels that are unknown, and nothing to ask', async () => {
  const [fill, label] = [await modelOf(filler), await modelOf(critic)];
  await expect(compareModels(fill, label, TEXTS)).rejects.toEqual(code('invalid_argument'));
  await expect(compareModels(label, label, [{ text: 'good', label: 'great' }])).rejects.toEqual(code('unknown_label'));
  await expect(compareModels(fill, fill, [{ text: ' ' }, { text: 'a [MASK]' }])).rejects.toEqual(code('empty_text'));
  const stopped = compareModels(fill, fill, TEXTS, { signal: AbortSignal.abort() });
  await expect(stopped).rejects.toEqual(code('aborted'));
});

it('times shapes with random weights: more layers take longer, and the text is the longest that fits', async () => {
  const like = await readArtifact(await writeArtifact(filler));
  const long = 'the cat sat on the mat. '.repeat(8);
  const time = (numHiddenLayers: number) => timeShape(wasm(), like, { ...config, numHiddenLayers }, long);
  const [small, large] = [await time(1), await time(24)];
  expect(large.medianMs).toBeGreaterThan(2 * small.medianMs);
  expect(small.tokens).toBe(config.maxPositionEmbeddings);
  await expect(timeShape(wasm(), like, config, '')).rejects.toEqual(code('empty_text'));
});

it('reports what int8 does to float weights, and refuses weights that are int8 already', async () => {
  const { tensors, floatBytes, int8Bytes } = int8Report(
    await readArtifact(await writeArtifact({ ...filler, quantization: 'none' })),
  );
  expect(tensors.length).toBeGreaterThan(5);
  for (const tensor of tensors) {
    const [rows = 0, columns = 0] = tensor.shape;
    expect(tensor).toMatchObject({ floatBytes: 4 * rows * columns, int8Bytes: rows * columns + 4 * rows });
    expect(tensor.relativeError).toBeGreaterThan(0);
  }
  expect(int8Bytes).toBeLessThan(floatBytes / 2);
  const int8 = await readArtifact(await writeArtifact(filler));
  expect(() => int8Report(int8)).toThrow(code('invalid_argument'));
});

it('the weights of a file take the bytes that their shapes say', async () => {
  for (const quantization of ['int8', 'none'] as const) {
    const few = await writeArtifact({ ...critic, quantization });
    const { weights } = await readArtifact(few);
    const bytes = Object.values(weights).reduce(
      (sum, weight) => sum + weight.values.byteLength + (weight.kind === 'int8' ? weight.scales.byteLength : 0),
      0,
    );
    expect(weightBytes({ config, task: 'text-classification', labels, quantization })).toBe(bytes);
  }
});

it('the median of an even number of values is between the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([5, 1, 3])).toBe(3);
});
