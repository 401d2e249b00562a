import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONFIGS, type ModelConfig, SPECIAL_TOKENS } from '../model/config.ts';
import { initialParameters } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { tokenizerJson } from '../text/tokenizer-json.ts';
import { readArtifact, writeArtifact } from './artifact.ts';
import { PassingCheck, type PassingCheckOptions } from './passing-check.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';

const pieces = [...SPECIAL_TOKENS, ...'the cat sat'.split(' ')];
const config: ModelConfig = { ...CONFIGS.tiny, vocabSize: pieces.length, hiddenSize: 8, intermediateSize: 12 };
let good: Uint8Array;

beforeAll(async () => {
  const params = initialParameters(config, new Random(1));
  good = await writeArtifact({ name: 'm', config, tokenizer: tokenizerJson(pieces), params, quantization: 'int8' });
});

function sink(): PassingCheckOptions['sha256'] {
  const hash = createHash('sha256');
  return {
    write: (bytes) => void hash.update(bytes),
    digest: async () => new Uint8Array(hash.digest()).buffer,
  };
}

/** Sends `bytes` in pieces of `size`. */
async function check(bytes: Uint8Array, size: number, options: Partial<PassingCheckOptions> = {}) {
  const passing = new PassingCheck({ sizeBytes: bytes.length, maxHeaderBytes: 1e6, sha256: sink(), ...options });
  for (let at = 0; at < bytes.length; at += size) await passing.push(bytes.subarray(at, at + size));
  return passing.finish();
}

const outcome = (work: Promise<{ version: string }>) =>
  work.then(
    ({ version }) => version,
    (error: { code?: string }) => error.code ?? error,
  );

describe('a file that passes by', () => {
  it.each([1, 7, 1000, 1e9])('is known as a file that is read, in pieces of %d bytes', async (size) => {
    const { weights: _, sizeBytes: __, ...header } = await readArtifact(good);
    expect(await check(good, size)).toEqual(header);
  });

  it('is refused as a file that is read is: cut short, or with a bit changed anywhere', async () => {
    for (let i = 0; i < 96; i++) {
      const bytes = i % 8 === 7 ? good.slice(0, Math.floor((i / 96) * good.length)) : good.slice();
      const at = Math.floor((i / 96) * bytes.length);
      if (i % 8 !== 7) bytes[at] = (bytes[at] as number) ^ (1 << (i % 8));
      const read = await outcome(readArtifact(bytes));
      expect(read).toMatch(/^artifact_/);
      expect([at, await outcome(check(bytes, 1 + ((i * 37) % 500)))]).toEqual([at, read]);
    }
  });

  it('must have finite floats, also where one lies across two pieces', async () => {
    const { tensors, metadata } = readSafetensors(good);
    const name = 'encoder.norm.weight';
    const data = new Float32Array(8).fill(1);
    data[7] = Number.NaN;
    const kept = { ...tensors, [name]: { dtype: 'F32', shape: [8], data } as const };
    // The checksum of the tensors' bytes would tell as well, but only at the end.
    const bytes = writeSafetensors(kept, metadata);
    for (const size of [3, 1e9]) {
      await expect(check(bytes, size)).rejects.toMatchObject({ code: 'artifact_corrupt', facts: { name } });
    }
  });

  it('may not end before or after the size that was given', async () => {
    const longer = new Uint8Array(good.length + 1);
    longer.set(good);
    expect(await outcome(check(longer, 1000))).toBe('artifact_corrupt');
    expect(await outcome(check(longer, 1000, { sizeBytes: good.length }))).toBe('artifact_corrupt');
    expect(await outcome(check(good.subarray(0, -1), 1000, { sizeBytes: good.length }))).toBe('artifact_truncated');
    expect(await outcome(check(new Uint8Array(0), 1))).toBe('artifact_truncated');
  });

  it('may not have a header over the limit, and is refused before it is read', async () => {
    const passing = new PassingCheck({ sizeBytes: 1e9, maxHeaderBytes: 1000, sha256: sink() });
    const start = new Uint8Array(8);
    new DataView(start.buffer).setBigUint64(0, 1001n, true);
    await expect(passing.push(start)).rejects.toMatchObject({ code: 'artifact_corrupt' });
  });

  it('is given up when what sees its header says so', async () => {
    const onHeader = () => {
      throw new Error('not this one');
    };
    await expect(check(good, 100, { onHeader })).rejects.toThrow('not this one');
  });
});
