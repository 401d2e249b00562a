import { expect, it } from 'vitest';
import { type ArtifactParts, readArtifact, writeArtifact } from '../artifact/artifact.ts';
import { referenceBackend } from '../backends/reference/training.ts';
import { loadKernels } from '../backends/wasm/load-node.ts';
import { createWasmBackend } from '../backends/wasm/training.ts';
import { loadModel } from '../inference/model.ts';
import { CONFIGS, type ModelConfig, SPECIAL_TOKENS } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { tokenizerJson } from '../text/tokenizer-json.ts';
import { attentionMaps } from './attention.ts';
import { Explainer } from './explainer.ts';

const pieces = [...SPECIAL_TOKENS, ...'the a cat dog sat on mat was very good bad film .'.split(' ')];
const config: ModelConfig = { ...CONFIGS.tiny, vocabSize: pieces.length, maxPositionEmbeddings: 16 };
const labels = ['bad', 'fair', 'good'];
const head = { numLabels: 3 };

/** Random parameters, large enough that predictions differ. */
function loud(seed: number, withHead?: typeof head): Record<string, Float32Array> {
  const params = initialParameters(config, new Random(seed), withHead);
  for (const [name, values] of Object.entries(params)) {
    if (!name.endsWith('norm.weight')) for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) * 4;
  }
  return params;
}

const base = { config, tokenizer: tokenizerJson(pieces), quantization: 'none' } as const;
const filler: ArtifactParts = { ...base, name: 'filler', params: loud(1) };
const critic: ArtifactParts = { ...base, name: 'critic', head, labels, params: loud(2, head) };
const artifactOf = async (parts: ArtifactParts) => readArtifact(await writeArtifact(parts));
const wasm = async () => createWasmBackend(await loadKernels());

it.each([
  ['a label', critic, 'the film was very good.', {}],
  ['another label', critic, 'the film was very good.', { target: 'bad' }],
  ['one of several labels', { ...critic, multiLabel: true }, 'a bad film.', { target: 'fair' }],
  ['a gap', filler, 'the [MASK] sat on the [MASK].', { gap: 1 }],
  ['a gap and a word', filler, 'the [MASK] sat on the [MASK].', { target: 'dog' }],
])('attributions sum to what the text adds to log p over the baseline: %s', async (_, parts, text, options) => {
  const explainer = new Explainer(await wasm(), await artifactOf(parts));
  const { tokens, score, baseline, error } = await explainer.explain(text, { ...options, points: 1024 });
  const sum = tokens.reduce((total, { attribution }) => total + attribution, 0);
  expect(sum).toBeCloseTo(Math.log(score) - baseline, 2);
  expect(error).toBeLessThan(0.005);
  expect(Math.max(...tokens.map(({ attribution }) => Math.abs(attribution)))).toBeGreaterThan(0.05);
  for (const { piece, attribution } of tokens) if (piece === '[SEP]') expect(attribution).toBe(0);
  const coarse = await explainer.explain(text, { ...options, points: 8 });
  expect(coarse.error).toBeGreaterThan(error);
});

it('explains the answer that the model gives, with its probability', async () => {
  const artifacts = [await artifactOf(critic), await artifactOf(filler)] as const;
  const ops = await wasm();
  const [label] = await loadModel(ops, artifacts[0]).classify('a good film.');
  const explained = await new Explainer(await wasm(), artifacts[0]).explain('a good film.');
  expect(explained.target).toBe(label?.label);
  expect(explained.score).toBeCloseTo(label?.score ?? Number.NaN, 4);
  const [gap] = await loadModel(ops, artifacts[1]).fillMask('the cat sat on the [MASK].', { targets: ['mat'] });
  const filled = await new Explainer(await wasm(), artifacts[1]).explain('the cat sat on the [MASK].', {
    target: 'mat',
  });
  expect(filled.score).toBeCloseTo(gap?.[0]?.score ?? Number.NaN, 4);
  expect(filled.gaps).toEqual([6]);
  expect(filled.tokens.map(({ piece }) => piece).join(' ')).toBe('[SEP] the cat sat on the . [SEP]');
});

it('attention maps are the weights that attention sums its values with', async () => {
  const ops = referenceBackend();
  const [T, C, heads] = [5, 8, 2];
  const random = new Random(3);
  const values = Float32Array.from({ length: T * 3 * C }, () => random.normal());
  const positions = Int32Array.of(0, 1, 3, 4, 7);
  const options = { numHeads: heads, queryPositions: positions, keyPositions: positions };
  let expected = new Float32Array(0);
  await ops.scope(async () => {
    expected = Float32Array.from(await ops.read(ops.selfAttention(ops.tensor(values, [1, T, 3 * C]), options)));
  });
  const [map] = await attentionMaps(ops, (on) => on.selfAttention(on.tensor(values, [1, T, 3 * C]), options));
  if (!map) throw new Error('no map');
  expect(map).toMatchObject({ kind: 'self', layer: 0, heads, queries: T, keys: T });
  for (let query = 0; query < T; query++) {
    for (let c = 0; c < C; c++) {
      const row = (Math.floor((c * heads) / C) * T + query) * T;
      let sum = 0;
      for (let key = 0; key < T; key++)
        sum += (map.weights[row + key] as number) * (values[key * 3 * C + 2 * C + c] as number);
      expect(sum).toBeCloseTo(expected[query * C + c] as number, 4);
    }
  }
});

it('gives a map a layer: tokens at tokens, and gaps at tokens', async () => {
  const explainer = new Explainer(await wasm(), await artifactOf(filler));
  const { attention, tokens } = await explainer.explain('the [MASK] sat on the [MASK].', { points: 8 });
  expect(attention.map(({ kind, layer }) => `${kind} ${layer}`)).toEqual(['self 0', 'self 1', 'cross 0', 'cross 1']);
  for (const { kind, queries, keys, weights } of attention) {
    expect([queries, keys]).toEqual([kind === 'self' ? tokens.length : 2, tokens.length]);
    for (let row = 0; row < weights.length; row += keys) {
      expect(weights.subarray(row, row + keys).reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
    }
  }
});

it('refuses what cannot be explained, in memory that does not grow', async () => {
  const ops = await wasm();
  const explainer = new Explainer(ops, await artifactOf(critic));
  const code = (expected: string) => expect.objectContaining({ code: expected });
  await expect(explainer.explain('')).rejects.toEqual(code('empty_text'));
  await expect(explainer.explain('good '.repeat(30))).rejects.toEqual(code('text_too_long'));
  await expect(explainer.explain('good', { target: 'great' })).rejects.toEqual(code('unknown_label'));
  await expect(explainer.explain('good', { points: 0 })).rejects.toEqual(code('invalid_argument'));
  await explainer.explain('good '.repeat(30), { truncate: true, points: 8 });
  const before = ops.memoryBytes();
  for (let i = 0; i < 20; i++) await explainer.explain('a very good film.', { points: 8 });
  expect(ops.memoryBytes()).toBe(before);
});
