/** What `writeOnnx` writes, computed by ONNX Runtime, beside the same model on the kernels that the edge runs. */
import { readFileSync } from 'node:fs';
import {
  type Artifact,
  CONFIGS,
  classifierLogits,
  floatValues,
  gapStates,
  initialParameters,
  type MaskedBatch,
  type ModelConfig,
  mlmControl,
  Random,
  readArtifact,
  SPECIAL_TOKENS,
  type TextBatch,
  Tokenizer,
  vocabularyHead,
  writeArtifact,
  writeOnnx,
} from '@lacuna/core';
import { createWasmInference } from '@lacuna/core/inference';
import { loadKernels } from '@lacuna/core/node';
import { describe, expect, it } from 'vitest';
import { loadOnnxRuntimes, type OnnxInputs } from '../packages/cli/src/bench/onnx-runtimes.ts';
import { ROOT } from './repository.ts';

const MAE: ModelConfig = {
  ...CONFIGS.tiny,
  vocabSize: 67,
  hiddenSize: 24,
  numAttentionHeads: 3,
  intermediateSize: 20,
  maxPositionEmbeddings: 32,
};
const [B, T] = [3, 17];
/** Two float32 sums of other orders differ by 5e-5 at most here; the logits lie 1 to 25 apart. */
const LIMIT = 2e-4;
/** Before int8 weights, ours keeps 16 bits of a value. */
const INT8_LIMIT = 5e-3;
const PIECES = Array.from({ length: MAE.vocabSize }, (_, i) => SPECIAL_TOKENS[i] ?? `p${i}`);

/** Weights larger than a fresh model's, norms and biases among them, so that every one of them shows. */
async function drawn(config: ModelConfig, quantization: 'int8' | 'none', labels: readonly string[] = []) {
  const head = labels.length > 0 ? { numLabels: labels.length } : undefined;
  const random = new Random(2);
  const values = Object.entries(initialParameters(config, new Random(1), head)).map(
    ([name, array]) => [name, array.map((x) => Math.fround(2 * x + 0.1 * random.normal()))] as const,
  );
  const tokenizer = new Tokenizer(PIECES).toJSON();
  const parts = { name: 'drawn', config, head, labels, tokenizer, quantization, params: Object.fromEntries(values) };
  return readArtifact(await writeArtifact(parts));
}

/** Gaps at both ends, side by side and alone. */
function gaps(): MaskedBatch {
  const random = new Random(3);
  const places = Array.from({ length: T }, (_, i) => i);
  const rows = [
    [0, 1, 8, 16],
    [3, 4, 5, 6],
    [1, 9, 12, 15],
  ];
  const visible = rows.flatMap((row) => places.filter((i) => !row.includes(i)));
  return {
    kind: 'masked',
    batchSize: B,
    visibleLength: T - 4,
    gapLength: 4,
    visibleIds: Int32Array.from(visible, () => 5 + random.integer(MAE.vocabSize - 5)),
    visiblePositions: Int32Array.from(visible),
    gapPositions: Int32Array.from(rows.flat()),
    labels: new Int32Array(B * 4).fill(-100),
  };
}

function texts(): TextBatch {
  const random = new Random(4);
  const lengths = Int32Array.of(T, 5, 1);
  const inputIds = Int32Array.from({ length: B * T }, (_, i) =>
    i % T < (lengths[Math.floor(i / T)] as number) ? 5 + random.integer(MAE.vocabSize - 5) : MAE.padTokenId,
  );
  return { kind: 'text', batchSize: B, length: T, inputIds, lengths, targets: new Float32Array(0) };
}

const kernels = await loadKernels('inference-relaxed');

/** Ours: the artifact's weights as they are stored, or as float32. */
function logitsOf(artifact: Artifact, batch: MaskedBatch | TextBatch, float = false): Promise<Float32Array> {
  const ops = createWasmInference(kernels);
  const params = Object.fromEntries(
    Object.entries(artifact.weights).map(([name, weight]) => [
      name,
      weight.kind === 'int8' && !float
        ? ops.quantizedTensor(weight.values, weight.scales, weight.shape)
        : ops.persistent(weight.shape, floatValues(weight)),
    ]),
  );
  const { config } = artifact;
  return ops.scope(() => {
    if (batch.kind === 'text') return ops.read(classifierLogits(ops, params, config, batch));
    const { table, bias } = vocabularyHead(params);
    return ops.read(ops.linear(gapStates(ops, params, config, batch).gaps, table, bias));
  });
}

/** The batch as the file wants it. */
function inputsOf({ config }: Artifact, batch: MaskedBatch | TextBatch): OnnxInputs {
  const rows = batch.batchSize;
  if (batch.kind === 'text') {
    const { inputIds, lengths, length } = batch;
    const present = Array.from(inputIds, (_, i) => Number(i % length < (lengths[Math.floor(i / length)] as number)));
    return { input_ids: { values: inputIds, rows }, attention_mask: { values: present, rows } };
  }
  const gap_positions = { values: batch.gapPositions, rows };
  if (config.objective === 'mae') {
    const position_ids = { values: batch.visiblePositions, rows };
    return { input_ids: { values: batch.visibleIds, rows }, position_ids, gap_positions };
  }
  const whole = new Int32Array(rows * (batch.visibleLength + batch.gapLength)).fill(config.maskTokenId);
  batch.visibleIds.forEach((id, i) => {
    const row = Math.floor(i / batch.visibleLength);
    whole[(row * whole.length) / rows + (batch.visiblePositions[i] as number)] = id;
  });
  return { input_ids: { values: whole, rows }, gap_positions };
}

const farthest = (a: Float32Array, b: Float32Array) => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);
};

const best = (logits: Float32Array, count: number) =>
  Array.from(logits.keys())
    .sort((a, b) => (logits[b] as number) - (logits[a] as number))
    .slice(0, count);

const spread = (values: Float32Array) => Math.max(...values) - Math.min(...values);

const MODELS = [
  ['masked autoencoder', MAE, 'none', []],
  ['masked autoencoder with plain queries', { ...MAE, decoderQueries: 'plain' }, 'none', []],
  ['masked autoencoder of other layers, rotations and norms', other(), 'none', []],
  ['masked autoencoder whose decoder attends to all', { ...MAE, decoderAttention: 'self' }, 'none', []],
  ['masked autoencoder with two tables', { ...MAE, tieWordEmbeddings: false }, 'int8', []],
  ['masked autoencoder in int8', MAE, 'int8', []],
  ['masked-LM control', mlmControl(MAE), 'none', []],
  ['classifier of padded texts', MAE, 'none', ['a', 'b', 'c']],
  ['classifier in int8', MAE, 'int8', ['a', 'b']],
] as const satisfies readonly (readonly [string, ModelConfig, 'int8' | 'none', readonly string[]])[];

function other(): ModelConfig {
  const layers = { numHiddenLayers: 1, numDecoderLayers: 3, numAttentionHeads: 1 };
  return { ...MAE, ...layers, hiddenSize: 10, ropeTheta: 100, normEps: 0.01, maxPositionEmbeddings: 17 };
}

const { runtimes, missing } = await loadOnnxRuntimes();

it('onnxruntime-web and onnxruntime-node are both there', () => {
  expect([runtimes.map(({ name }) => name), missing]).toEqual([['onnxruntimeWeb', 'onnxruntimeNode'], []]);
});

describe.each(runtimes)('$name computes the logits of ours', (runtime) => {
  it.each(MODELS)('%s', async (_what, config, quantization, labels) => {
    const artifact = await drawn(config, quantization, labels);
    const batch = labels.length > 0 ? texts() : gaps();
    const session = await runtime.open(writeOnnx(artifact));
    const [ours, theirs] = [await logitsOf(artifact, batch), await session(inputsOf(artifact, batch))()];
    expect(farthest(ours, theirs)).toBeLessThan(quantization === 'int8' ? INT8_LIMIT : LIMIT);
    expect(spread(ours)).toBeGreaterThan(1);
  });

  it('lacuna-fill, with the same five best pieces', async () => {
    const artifact = await readArtifact(readFileSync(`${ROOT}models/lacuna-fill.safetensors`));
    const session = await runtime.open(writeOnnx(artifact));
    for (const text of ['The river flows into the [MASK].', 'In [MASK] he was born in the [MASK] of New York.']) {
      const batch = gapBatch(new Tokenizer(artifact.pieces), text);
      const theirs = await session(inputsOf(artifact, batch))();
      for (const float of [false, true]) {
        const ours = await logitsOf(artifact, batch, float);
        expect(farthest(ours, theirs)).toBeLessThan(float ? LIMIT : INT8_LIMIT);
        for (let at = 0; at < ours.length; at += artifact.config.vocabSize) {
          const row = (logits: Float32Array) => logits.subarray(at, at + artifact.config.vocabSize);
          expect(best(row(theirs), 5)).toEqual(best(row(ours), 5));
        }
      }
    }
  });

  it('lacuna-sentiment, with the same labels', async () => {
    const artifact = await readArtifact(readFileSync(`${ROOT}models/lacuna-sentiment.safetensors`));
    const session = await runtime.open(writeOnnx(artifact));
    const tokenizer = new Tokenizer(artifact.pieces);
    for (const [text, label] of [
      ['A warm, funny and moving film.', 'positive'],
      ['A dull, lifeless mess.', 'negative'],
    ] as const) {
      const inputIds = Int32Array.of(tokenizer.sepId, ...tokenizer.encode(text), tokenizer.sepId);
      const { length } = inputIds;
      const one = { kind: 'text', batchSize: 1, targets: new Float32Array(0) } as const;
      const batch: TextBatch = { ...one, length, inputIds, lengths: Int32Array.of(length) };
      const theirs = await session(inputsOf(artifact, batch))();
      expect(farthest(await logitsOf(artifact, batch), theirs)).toBeLessThan(INT8_LIMIT);
      expect(artifact.labels[best(theirs, 1)[0] as number]).toBe(label);
    }
  });
});

/** `[SEP] text [SEP]`, what is masked taken out. */
function gapBatch(tokenizer: Tokenizer, text: string): MaskedBatch {
  const tokens = [tokenizer.sepId, ...tokenizer.encode(text), tokenizer.sepId];
  const places = [...tokens.keys()];
  const visible = places.filter((i) => tokens[i] !== tokenizer.maskId);
  const gapPositions = Int32Array.from(places.filter((i) => tokens[i] === tokenizer.maskId));
  return {
    kind: 'masked',
    batchSize: 1,
    visibleLength: visible.length,
    gapLength: gapPositions.length,
    visibleIds: Int32Array.from(visible, (i) => tokens[i] as number),
    visiblePositions: Int32Array.from(visible),
    gapPositions,
    labels: new Int32Array(gapPositions.length).fill(-100),
  };
}
