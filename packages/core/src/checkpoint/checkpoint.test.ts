import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONFIGS } from '../model/config.ts';
import { freshReplica } from '../training/state.ts';
import { type Checkpoint, expectConfig, readCheckpoint, weightsOf, writeCheckpoint } from './checkpoint.ts';
import { type CheckpointFiles, loadCheckpoint, saveBytes, saveCheckpoint } from './node.ts';

const config = { ...CONFIGS.tiny, vocabSize: 40, hiddenSize: 8, intermediateSize: 12 };
const replica = freshReplica(config, 5);
const checkpoint: Checkpoint = {
  config,
  tokenizer: { model: { vocab: { a: 0 } } },
  recipe: { seed: 5, budget: { tokens: 100 } },
  state: {
    ...replica,
    m: replica.parameters.map((x) => x / 3),
    v: replica.parameters.map((x) => x * x),
    step: 7,
    tokens: 7000,
    seconds: 1.25,
    lanes: 2,
    data: { windows: { line: 12 }, masking: { key: [1, 2], counter: 9 } },
  },
};

let folder = '';
beforeAll(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'lacuna-checkpoint-'));
});
afterAll(() => fs.rm(folder, { recursive: true }));

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a checkpoint', () => {
  it('comes back from its bytes as it was, and gives the same bytes again', () => {
    const bytes = writeCheckpoint(checkpoint);
    const read = readCheckpoint(bytes);
    expect(read).toEqual(checkpoint);
    expect(writeCheckpoint(read)).toEqual(bytes);
  });

  it('keeps a classifier’s head and labels', () => {
    const state = { ...checkpoint.state, ...freshReplica(config, 1, { numLabels: 2 }) };
    const classifier = { ...checkpoint, head: { numLabels: 2 }, labels: ['negative', 'positive'], state };
    expect(readCheckpoint(writeCheckpoint(classifier))).toEqual(classifier);
  });

  it('names its weights as the model does', () => {
    const weights = weightsOf(checkpoint, 'ema');
    expect(weights['embeddings.word_embeddings.weight']?.length).toBe(40 * 8);
    expect(weights['encoder.norm.weight']).toEqual(new Float32Array(8).fill(1));
  });

  it('of another config is refused by the field that differs', () => {
    expect(() => expectConfig(checkpoint, { ...config, hiddenSize: 16 })).toThrow(
      expect.objectContaining({ code: 'checkpoint_mismatch', facts: { field: 'hiddenSize', expected: 16, got: 8 } }),
    );
    expect(() => expectConfig(checkpoint, config)).not.toThrow();
  });

  it('whose tensors do not fit its config is refused', () => {
    const grown = { ...checkpoint, config: { ...config, vocabSize: 41 } };
    const bytes = writeCheckpoint(checkpoint);
    const text = JSON.stringify(config);
    const other = JSON.stringify(grown.config);
    const at = Buffer.from(bytes).indexOf(JSON.stringify(text).slice(1, -1));
    expect(at).toBeGreaterThan(0);
    const altered = bytes.slice();
    altered.set(Buffer.from(JSON.stringify(other).slice(1, -1)), at);
    expect(() => readCheckpoint(altered)).toThrow(code('checkpoint_mismatch'));
  });

  it('cut short anywhere is refused as truncated', () => {
    const bytes = writeCheckpoint(checkpoint);
    for (const length of [0, 4, 100, bytes.length - 1]) {
      expect(() => readCheckpoint(bytes.slice(0, length))).toThrow(code('artifact_truncated'));
    }
  });

  it('with a damaged header is refused as corrupt', () => {
    const bytes = writeCheckpoint(checkpoint);
    bytes[8] = 0x5b;
    expect(() => readCheckpoint(bytes)).toThrow(code('artifact_corrupt'));
  });
});

it('any altered letter of what a checkpoint says of its run is found', () => {
  const bytes = writeCheckpoint(checkpoint);
  const header = Buffer.from(bytes).indexOf('__metadata__');
  const entries = ['"seed', 'budget', 'line', 'counter', 'vocab', '7000'];
  for (const entry of entries) {
    const altered = bytes.slice();
    const at = Buffer.from(bytes).indexOf(entry.replace('"', ''), header);
    expect([entry, at > header]).toEqual([entry, true]);
    altered[at] = (altered[at] as number) ^ 1;
    expect(() => readCheckpoint(altered)).toThrow(expect.objectContaining({ name: 'LacunaError' }));
  }
});

it('progress that is none is refused, whatever its checksum', () => {
  const broken = { ...checkpoint, state: { ...checkpoint.state, step: Number.NaN } };
  expect(() => readCheckpoint(writeCheckpoint(broken))).toThrow(code('artifact_corrupt'));
});

it('one altered bit in the values of a checkpoint is found', () => {
  const bytes = writeCheckpoint(checkpoint);
  const at = bytes.length - 1000;
  bytes[at] = (bytes[at] as number) ^ 1;
  expect(() => readCheckpoint(bytes)).toThrow(code('artifact_corrupt'));
});

describe('saving', () => {
  it('replaces the previous checkpoint and leaves nothing beside it', async () => {
    const path = join(folder, 'run', 'checkpoint.safetensors');
    await saveBytes(path, Uint8Array.of(1, 2, 3));
    await saveCheckpoint(path, checkpoint);
    expect(await loadCheckpoint(path)).toEqual(checkpoint);
    expect(await fs.readdir(join(folder, 'run'))).toEqual(['checkpoint.safetensors']);
  });

  it('on a full disk keeps the previous checkpoint', async () => {
    const path = join(folder, 'full.safetensors');
    await saveCheckpoint(path, checkpoint);
    const full: CheckpointFiles = {
      ...fs,
      open: async (...args: Parameters<typeof fs.open>) => {
        const file = await fs.open(...args);
        file.writeFile = async () => {
          await file.write(Uint8Array.of(1, 2, 3));
          throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
        };
        return file;
      },
    };
    await expect(saveCheckpoint(path, { ...checkpoint, recipe: null }, full)).rejects.toThrow(code('disk_full'));
    expect(await loadCheckpoint(path)).toEqual(checkpoint);
    expect((await fs.readdir(folder)).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('where nothing can be written says so', async () => {
    await fs.writeFile(join(folder, 'file'), '');
    await expect(saveBytes(join(folder, 'file', 'x'), new Uint8Array(1))).rejects.toThrow(code('write_failed'));
  });

  it('says that a checkpoint cannot be read where something else than its absence is wrong', async () => {
    await fs.mkdir(join(folder, 'a-folder'));
    await expect(loadCheckpoint(join(folder, 'a-folder'))).rejects.toThrow(code('read_failed'));
  });

  it('finds no checkpoint where there is none', async () => {
    await expect(loadCheckpoint(join(folder, 'none'))).rejects.toThrow(code('checkpoint_not_found'));
  });
});
