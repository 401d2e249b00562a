/** `lacuna pytorch`: what it prepares, what it makes of weights that were trained elsewhere, and the whole where PyTorch is. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  initialParameters,
  type ModelConfig,
  parameterShapes,
  Random,
  readSafetensors,
  Tokenizer,
  writeSafetensors,
} from '@lacuna/core';
import { loadCheckpoint } from '@lacuna/core/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCorpus } from './corpus.ts';
import { findPytorch } from './python.ts';
import { lacuna } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-pytorch-'));
const at = (name: string) => join(folder, name);
const json = (name: string) => JSON.parse(readFileSync(at(name), 'utf8'));
const TEXT = 'The cat sat on the mat.\n\nA dog ran to the river, and the cat went home.\n'.repeat(40);

beforeAll(() => {
  writeFileSync(at('text.txt'), TEXT);
  const line = ['pytorch', '--text', at('text.txt'), '--config', 'tiny', '--vocab-size', '160', '--tokens', '20000'];
  const rest = ['--valid', at('text.txt'), '--batch-tokens', '256', '--device', 'cpu', '--prepare'];
  const { status, stdout } = lacuna(...line, ...rest, '--out', at('run'));
  expect([status, stdout]).toEqual([0, expect.stringContaining('scripts/pytorch/train.py')]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As the script writes them. */
function writeWeights(run: string, values: Record<string, Float32Array>, metadata: Record<string, string>): void {
  const shapes = parameterShapes(json(`${run}/config.json`) as ModelConfig);
  const tensors = Object.entries(values).map(([name, data]) => {
    return [name, { dtype: 'F32', shape: shapes[name] ?? [data.length], data }] as const;
  });
  writeFileSync(at(`${run}/weights.safetensors`), writeSafetensors(Object.fromEntries(tensors), metadata));
}

const TRAINING = { step: 7, tokens: 1792, seconds: 1.5, complete: true };

describe('lacuna pytorch', () => {
  it('prepares the options, the shape, and the ids of the text as NumPy reads them', async () => {
    expect(json('run/job.json')).toMatchObject({
      ...{ device: 'cpu', seed: 1, tokens: 20_000, minutes: null, batchTokens: 256, length: 128 },
      ...{ ratio: [0.4, 0.15], ratioJitter: 0.1, learningRate: 0.004, teacher: false, start: false },
    });
    const { vocabSize, maxPositionEmbeddings } = json('run/config.json') as ModelConfig;
    const tokenizer = Tokenizer.fromJSON(json('run/tokenizer.json'));
    expect([vocabSize, maxPositionEmbeddings]).toEqual([tokenizer.vocabSize, 128]);
    const expected: number[] = [];
    for await (const line of (await openCorpus([at('text.txt')], undefined)).lines()) {
      const ids = tokenizer.encode(line);
      if (ids.length > 0) expected.push(...ids, tokenizer.sepId);
    }
    const bytes = readFileSync(at('run/ids.npy'));
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from('\x93NUMPY\x01\x00', 'latin1'));
    const start = 10 + bytes.readUInt16LE(8);
    expect(start % 64).toBe(0);
    const header = bytes.subarray(10, start).toString();
    expect(header).toMatch(
      new RegExp(`^{'descr': '<u2', 'fortran_order': False, 'shape': \\(${expected.length},\\), } *\\n$`),
    );
    expect([...new Uint16Array(Uint8Array.from(bytes.subarray(start)).buffer)]).toEqual(expected);
  });

  it('makes a run of weights that were trained elsewhere', async () => {
    const values = initialParameters(json('run/config.json') as ModelConfig, new Random(5));
    writeWeights('run', values, { training: JSON.stringify(TRAINING) });
    const resumed = lacuna('pytorch', '--resume', '--out', at('run'), '--json');
    expect([resumed.status, resumed.json]).toMatchObject([0, TRAINING]);
    const { state, recipe } = await loadCheckpoint(at('run/checkpoint.safetensors'));
    expect(state).toMatchObject({ step: 7, tokens: 1792, seconds: 1.5 });
    expect(recipe).toMatchObject({ command: 'pytorch', recipe: { batchTokens: 256, training: TRAINING } });
    const scored = lacuna('evaluate', '--model', at('run'), '--text', at('text.txt'), '--windows', '2', '--json');
    expect([scored.status, scored.json]).toMatchObject([0, { crossEntropy: expect.any(Number) }]);
    const exported = lacuna('export', '--model', at('run'), '--float', '--out', at('model.safetensors'));
    expect(exported.status).toBe(0);
    const name = 'embeddings.word_embeddings.weight';
    const { tensors } = readSafetensors(readFileSync(at('model.safetensors')));
    expect(tensors[name]?.data).toEqual(values[name]);
    const again = lacuna('pytorch', '--text', at('text.txt'), '--tokens', '10', '--out', at('run'), '--json');
    expect([again.status, again.json.error]).toMatchObject([2, { code: 'invalid_argument' }]);
    const other = lacuna('pretrain', '--resume', '--out', at('run'), '--json');
    expect([other.status, other.json.error]).toMatchObject([1, { code: 'checkpoint_mismatch' }]);
  });

  it.each([
    ['none', 'checkpoint_not_found', undefined, {}],
    ['not a number', 'checkpoint_mismatch', Number.NaN, { training: JSON.stringify(TRAINING) }],
    ['no word of how they were trained', 'artifact_corrupt', 0, {}],
  ])('takes no run from weights that are bad: %s', (name, code, value, metadata) => {
    const run = name.replaceAll(' ', '-');
    cpSync(at('run'), at(run), { recursive: true });
    rmSync(at(`${run}/checkpoint.safetensors`), { force: true });
    if (value === undefined) rmSync(at(`${run}/weights.safetensors`), { force: true });
    else {
      const values = initialParameters(json('run/config.json') as ModelConfig, new Random(5));
      values['encoder.norm.weight']?.fill(value);
      writeWeights(run, values, metadata);
    }
    const { status, json: answer } = lacuna('pytorch', '--resume', '--out', at(run), '--json');
    expect([status, answer.error]).toMatchObject([1, { code }]);
  });

  it.each([
    ['--text', []],
    ['--tokens and --minutes', ['--text', 'text.txt', '--tokens', '10', '--minutes', '1']],
    ['--layers', ['--text', 'text.txt', '--tokens', '10', '--layers', '1:1', '--vocab-size', '160']],
  ])('says what is wrong with a line: %s', (about, line) => {
    const words = line.map((word) => (word === 'text.txt' ? at(word) : word));
    const { status, json: answer } = lacuna('pytorch', ...words, '--out', at('bad'), '--json');
    expect([status, answer.error]).toMatchObject([2, { code: 'invalid_argument' }]);
    expect((answer.error as { message: string }).message).toContain(about);
  });

  it('says that a text has less than a window', () => {
    writeFileSync(at('short.txt'), 'The cat sat.');
    const line = ['pytorch', '--text', at('short.txt'), '--tokenizer', at('run/tokenizer.json'), '--tokens', '10'];
    const { status, json: answer } = lacuna(...line, '--prepare', '--out', at('short'), '--json');
    expect([status, answer.error]).toMatchObject([1, { code: 'text_too_short' }]);
  });

  it('says that there is no PyTorch', () => {
    const named = process.env.LACUNA_PYTHON;
    process.env.LACUNA_PYTHON = '/nonexistent/python';
    try {
      const line = ['pytorch', '--text', at('text.txt'), '--config', 'tiny', '--vocab-size', '160', '--tokens', '10'];
      const { status, json: answer } = lacuna(...line, '--out', at('without'), '--json');
      expect([status, answer.error]).toMatchObject([1, { code: 'backend_unavailable' }]);
    } finally {
      if (named === undefined) delete process.env.LACUNA_PYTHON;
      else process.env.LACUNA_PYTHON = named;
    }
  });

  it.skipIf('reason' in findPytorch())('trains a teacher and its student', async () => {
    const common = ['--text', at('text.txt'), '--valid', at('text.txt'), '--batch-tokens', '512', '--device', 'cpu'];
    const shape = ['--config', 'tiny', '--vocab-size', '160', '--tokens', '30000'];
    const teacher = lacuna('pytorch', ...common, ...shape, '--out', at('teacher'), '--json');
    expect([teacher.status, teacher.json]).toMatchObject([
      0,
      { complete: true, metrics: { top1: expect.any(Number) } },
    ]);
    const student = ['--teacher', at('teacher'), '--start', at('teacher'), '--layers', '1:1', '--tokens', '5000'];
    const taught = lacuna('pytorch', ...common, ...student, '--out', at('student'), '--json');
    expect([taught.status, taught.json]).toMatchObject([0, { complete: true }]);
    const { config } = await loadCheckpoint(at('student/checkpoint.safetensors'));
    expect(config).toMatchObject({ numHiddenLayers: 1, numDecoderLayers: 1, hiddenSize: 64 });
    // The script's figures are of windows of its own; the texts are a few lines over and over.
    const scored = lacuna('evaluate', '--model', at('teacher'), '--text', at('text.txt'), '--json').json;
    expect(scored.top1 as number).toBeGreaterThan(0.2);
    const curve = lacuna('curve', '--model', at('teacher'), '--json').json;
    expect(curve).toMatchObject({ complete: true, points: expect.arrayContaining([]) });
  });
});
