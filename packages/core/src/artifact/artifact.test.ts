import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CONFIGS, type ModelConfig, SPECIAL_TOKENS } from '../model/config.ts';
import { initialParameters, parameterShapes } from '../model/parameters.ts';
import { dequantizeRows, isQuantized } from '../quantize/int8.ts';
import { Random } from '../random/random.ts';
import { tokenizerJson } from '../text/tokenizer-json.ts';
import { type ArtifactParts, readArtifact, writeArtifact } from './artifact.ts';
import { readMetadata } from './metadata.ts';
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors.ts';

const WORDS = 'the cat sat on a mat ##s — ü'.split(' ');
const pieces = [...SPECIAL_TOKENS, ...WORDS];
const config: ModelConfig = { ...CONFIGS.tiny, vocabSize: pieces.length, hiddenSize: 16, intermediateSize: 24 };
const labels = ['negative', 'neutral', 'positive'];
const head = { numLabels: 3 };

const fillMask: ArtifactParts = {
  name: 'test-model.1',
  config,
  tokenizer: tokenizerJson(pieces),
  params: initialParameters(config, new Random(1)),
  quantization: 'int8',
  metrics: { top1: 0.25 },
  provenance: { data: ['embedded'], licence: 'CC0' },
};
const classifier: ArtifactParts = {
  ...fillMask,
  name: 'classifier',
  head,
  labels,
  multiLabel: true,
  threshold: 0.4,
  params: initialParameters(config, new Random(2), head),
};

/** The file with its entries and tensors changed, and sealed anew as its writer would. */
function forged(
  bytes: Uint8Array,
  changed: Record<string, string>,
  tensors: (kept: Record<string, StoredTensor>) => Record<string, StoredTensor> = (kept) => kept,
): Uint8Array {
  const sha256 = (data: Uint8Array | string) => createHash('sha256').update(data).digest('hex');
  const file = readSafetensors(bytes);
  const { seal: _, ...metadata } = { ...file.metadata, ...changed };
  const kept = tensors({ ...file.tensors });
  const plain = readSafetensors(writeSafetensors(kept, metadata));
  const entries = Object.entries({ ...metadata, sha256: sha256(plain.data) }).sort(([a], [b]) => (a < b ? -1 : 1));
  const described = Object.entries(plain.tensors).map(([name, { dtype, shape }]) => [name, dtype, shape]);
  return writeSafetensors(kept, { ...Object.fromEntries(entries), seal: sha256(JSON.stringify([entries, described])) });
}

const refused = (bytes: Uint8Array, code: string, message: RegExp) =>
  expect(readArtifact(bytes)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });

describe('an artifact', () => {
  it('is read as it was written, matrices rounded to int8', async () => {
    const bytes = await writeArtifact(fillMask);
    const artifact = await readArtifact(bytes);
    expect(artifact).toMatchObject({
      name: 'test-model.1',
      task: 'fill-mask',
      config,
      labels: [],
      multiLabel: false,
      threshold: null,
      pieces,
      quantization: 'int8',
      metrics: { top1: 0.25 },
      provenance: { data: ['embedded'], licence: 'CC0' },
      sizeBytes: bytes.length,
    });
    expect(Object.keys(artifact.weights)).toEqual(Object.keys(parameterShapes(config)));
    for (const [name, weight] of Object.entries(artifact.weights)) {
      const expected = fillMask.params[name] as Float32Array;
      expect([name, weight.kind]).toEqual([name, isQuantized(weight.shape) ? 'int8' : 'float32']);
      if (weight.kind === 'float32') expect(weight.values).toEqual(expected);
      else {
        const largest = Math.max(...expected.map(Math.abs));
        const restored = dequantizeRows(weight);
        expect(Math.max(...restored.map((value, i) => Math.abs(value - (expected[i] as number))))).toBeLessThan(
          largest / 253,
        );
      }
    }
  });

  it('keeps float32 weights bit by bit when not quantised', async () => {
    const { weights } = await readArtifact(await writeArtifact({ ...fillMask, quantization: 'none' }));
    for (const [name, values] of Object.entries(fillMask.params)) {
      expect(weights[name]).toMatchObject({ kind: 'float32', values });
    }
  });

  it("keeps a classifier's labels in the order of its logits", async () => {
    const artifact = await readArtifact(await writeArtifact(classifier));
    expect(artifact).toMatchObject({ task: 'text-classification', labels, multiLabel: true, threshold: 0.4 });
    expect(artifact.weights['classifier.out_proj.weight']?.shape).toEqual([3, 16]);
  });

  it('may give one label or not', async () => {
    const one = { head: { numLabels: 1 }, labels: ['spam'], multiLabel: true };
    const params = initialParameters(config, new Random(2), one.head);
    const artifact = await readArtifact(await writeArtifact({ ...classifier, ...one, params }));
    expect(artifact).toMatchObject({ labels: ['spam'], multiLabel: true });
  });

  it('is the same bytes for the same parts', async () => {
    expect(await writeArtifact(fillMask)).toEqual(await writeArtifact(fillMask));
  });

  it('takes at most 4 MB with 8192 pieces and 2 + 2 layers of width 192', async () => {
    const large: ModelConfig = { ...CONFIGS.base, numHiddenLayers: 2, numDecoderLayers: 2 };
    const spelled = Array.from({ length: large.vocabSize - SPECIAL_TOKENS.length }, (_, i) => `##word${i}`);
    const params: Record<string, Float32Array> = {};
    for (const [name, shape] of Object.entries(parameterShapes(large))) {
      params[name] = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));
    }
    const tokenizer = tokenizerJson([...SPECIAL_TOKENS, ...spelled]);
    const bytes = await writeArtifact({ ...fillMask, config: large, tokenizer, params });
    expect(bytes.length).toBeLessThanOrEqual(4_000_000);
    expect((await readArtifact(bytes)).pieces).toHaveLength(8192);
  });
});

describe('writeArtifact refuses', () => {
  const one = { numLabels: 1 };
  const oneLabel = { head: one, labels: ['spam'], params: initialParameters(config, new Random(2), one) };

  it.each([
    ['a name that would not do in a URL', { name: 'My Model' }],
    ['labels without a head', { labels }],
    ['a tokenizer of another size', { tokenizer: tokenizerJson(pieces.slice(0, -1)) }],
    ['a missing parameter', { params: {} }],
    ['one label to choose from', oneLabel],
  ])('%s', async (_, change) => {
    await expect(writeArtifact({ ...fillMask, ...change })).rejects.toMatchObject({ code: 'invalid_argument' });
  });
});

describe('readArtifact refuses', () => {
  it('a file cut short, wherever the cut is', async () => {
    const bytes = await writeArtifact(fillMask);
    for (let share = 0; share < 1; share += 1 / 16) {
      await refused(bytes.slice(0, Math.floor(share * bytes.length)), 'artifact_truncated', /./);
    }
    await refused(bytes.slice(0, -1), 'artifact_truncated', /./);
  });

  it('a file with a single bit changed, wherever it is', async () => {
    const bytes = await writeArtifact(fillMask);
    for (let i = 0; i < 64; i++) {
      const altered = bytes.slice();
      const at = 8 + Math.floor((i / 64) * (bytes.length - 8));
      altered[at] = (altered[at] as number) ^ (1 << (i % 8));
      await expect(readArtifact(altered), `byte ${at}`).rejects.toMatchObject({
        code: expect.stringMatching(/^artifact_(corrupt|truncated|unsupported)$/),
      });
    }
  });

  it('altered weights by their checksum, altered metadata by the seal', async () => {
    const bytes = await writeArtifact(fillMask);
    const weights = bytes.slice();
    weights[bytes.length - 1] = (weights[bytes.length - 1] as number) ^ 1;
    await refused(weights, 'artifact_corrupt', /the tensors do not have the checksum/);
    const { tensors, metadata } = readSafetensors(bytes);
    const renamed = writeSafetensors(tensors, { ...metadata, metrics: '{"top1":0.99}' });
    await refused(renamed, 'artifact_corrupt', /the metadata do not have the checksum/);
  });

  it('weights made for another config, checksums or not', async () => {
    const bytes = await writeArtifact(fillMask);
    expect(await readArtifact(forged(bytes, {}))).toMatchObject({ name: 'test-model.1' });
    const deeper = JSON.stringify({ ...config, numHiddenLayers: 3 });
    await refused(forged(bytes, { config: deeper }), 'artifact_corrupt', /encoder\.layer\.2.*got none.*another config/);
    const wider = JSON.stringify({ ...config, hiddenSize: 32 });
    await refused(forged(bytes, { config: wider }), 'artifact_corrupt', /must be \(14, 32\), got \(14, 16\)/);
    const impossible = JSON.stringify({ ...config, hiddenSize: 15 });
    await refused(forged(bytes, { config: impossible }), 'artifact_corrupt', /hiddenSize must be a multiple/);
  });

  it('int8 weights without their scales, and weights that are not finite', async () => {
    const bytes = await writeArtifact(fillMask);
    const table = 'embeddings.word_embeddings.weight';
    const unscaled = forged(bytes, {}, ({ [`${table}.scale`]: _, ...kept }) => kept);
    await refused(unscaled, 'artifact_corrupt', /embeddings\.word_embeddings\.weight\.scale.*got none/);
    const name = 'encoder.norm.weight';
    const data = new Float32Array(16).fill(Number.NaN);
    const diverged = forged(bytes, {}, (kept) => ({ ...kept, [name]: { dtype: 'F32', shape: [16], data } }));
    await refused(diverged, 'artifact_corrupt', /"encoder\.norm\.weight" must be finite/);
  });

  it('a newer version, and a safetensors file that is no artifact', async () => {
    const bytes = await writeArtifact(fillMask);
    await refused(
      forged(bytes, { 'lacuna.artifact': '2' }),
      'artifact_unsupported',
      /expected version 1, got version 2/,
    );
    await refused(writeSafetensors({}, {}), 'artifact_unsupported', /no artifact/);
  });
});

describe('readMetadata names the entry that is off', () => {
  it.each([
    ['task', 'translation'],
    ['quantization', 'int4'],
    ['labels', '["a","b"]'],
    ['labels', '[1]'],
    ['labels', 'no JSON'],
    ['multiLabel', '1'],
    ['threshold', '0.5'],
    ['threshold', 'no JSON'],
    ['name', ''],
    ['config', '{}'],
    ['tokenizer', pieces.slice(1).join(' ')],
    ['tokenizer', [...pieces.slice(0, -1), 'the'].join(' ')],
  ])('%s = %s', async (entry, value) => {
    const { metadata } = readSafetensors(await writeArtifact(fillMask));
    expect(() => readMetadata({ ...metadata, [entry]: value })).toThrow(
      expect.objectContaining({ code: 'artifact_corrupt', facts: expect.objectContaining({ entry }) }),
    );
  });
});
