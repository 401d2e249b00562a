import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../artifact/safetensors.ts';
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

/** The checkpoint with entries of its metadata changed, and the checksum that its writer would give them. */
function forged(changed: Record<string, string>): Uint8Array {
  const { tensors, metadata, data } = readSafetensors(writeCheckpoint(checkpoint));
  const { checksum: _, ...rest } = { ...metadata, ...changed };
  const named = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
  let hash = 0x811c9dc5;
  for (const word of [...Buffer.from(JSON.stringify(named)), ...words]) hash = Math.imul(hash ^ word, 0x01000193);
  return writeSafetensors(tensors, { ...rest, checksum: (hash >>> 0).toString(16).padStart(8, '0') });
}

describe('what a checkpoint says of its run', () => {
  it('is under the checksum: an altered entry is found, whatever it says', () => {
    const { tensors, metadata } = readSafetensors(writeCheckpoint(checkpoint));
    const others = {
      tokenizer: '{"model":{"vocab":{"b":0}}}',
      recipe: 'null',
      progress: '{"step":8,"tokens":7000,"seconds":1.25,"lanes":2}',
      data: '{"windows":{"line":13},"masking":{"key":[1,2],"counter":9}}',
    };
    for (const [entry, value] of Object.entries(others)) {
      expect(() => readCheckpoint(writeSafetensors(tensors, { ...metadata, [entry]: value })), entry).toThrow(
        code('artifact_corrupt'),
      );
      expect(() => readCheckpoint(forged({ [entry]: value })), entry).not.toThrow();
    }
  });

  it('with one altered bit anywhere in the header is refused', () => {
    const bytes = writeCheckpoint(checkpoint);
    const dataStart = bytes.length - readSafetensors(bytes).data.length;
    for (let at = 0; at < dataStart; at += 3) {
      const altered = bytes.slice();
      altered[at] = (altered[at] as number) ^ (1 << (at % 8));
      expect(() => readCheckpoint(altered), `byte ${at}`).toThrow(
        expect.objectContaining({
          code: expect.stringMatching(/^artifact_(corrupt|truncated|unsupported)$|^checkpoint_mismatch$/),
        }),
      );
    }
  });

  it.each([
    ['config', 'null'],
    ['config', '{}'],
    ['head', '3'],
    ['head', '{"numLabels":-1}'],
    ['labels', '5'],
    ['labels', '["a"]'],
    ['tokenizer', ''],
    ['recipe', '{'],
    ['progress', 'null'],
    ['progress', '[]'],
    ['progress', '{"step":7,"tokens":7000,"seconds":1.25}'],
    ['progress', '{"step":7.5,"tokens":7000,"seconds":1.25,"lanes":2}'],
    ['progress', '{"step":7,"tokens":7000,"seconds":null,"lanes":2}'],
    ['progress', '{"step":7,"tokens":7000,"seconds":1.25,"lanes":0}'],
    ['data', 'undefined'],
  ])('is refused by the entry that is off, whatever its checksum: %s = %s', (entry, value) => {
    expect(() => readCheckpoint(forged({ [entry]: value }))).toThrow(
      expect.objectContaining({ code: 'artifact_corrupt', facts: expect.objectContaining({ entry }) }),
    );
  });

  it('may name only as many labels as its head has', () => {
    const state = { ...checkpoint.state, ...freshReplica(config, 1, { numLabels: 2 }) };
    const three = { ...checkpoint, head: { numLabels: 2 }, labels: ['a', 'b', 'c'], state };
    expect(() => readCheckpoint(writeCheckpoint(three))).toThrow(code('artifact_corrupt'));
  });

  it('may claim no more values than the file holds', () => {
    const huge = JSON.stringify({ ...config, vocabSize: 1 << 24, hiddenSize: 1 << 24 });
    expect(() => readCheckpoint(forged({ config: huge }))).toThrow(code('checkpoint_mismatch'));
  });
});

it('a checkpoint of another version, or none at all, is refused as unsupported', () => {
  expect(() => readCheckpoint(forged({ 'lacuna.checkpoint': '1' }))).toThrow(code('artifact_unsupported'));
  expect(() => readCheckpoint(writeSafetensors({}, {}))).toThrow(code('artifact_unsupported'));
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
