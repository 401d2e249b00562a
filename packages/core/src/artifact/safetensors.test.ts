import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LacunaError } from '../errors.ts';
import { readSafetensors, type StoredTensor, writeSafetensors } from './safetensors.ts';

const TENSORS: Record<string, StoredTensor> = {
  bytes: { dtype: 'I8', shape: [3], data: Int8Array.of(-127, 0, 127) },
  weight: { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -0, Number.NaN, Number.POSITIVE_INFINITY) },
  ids: { dtype: 'I32', shape: [2, 1], data: Int32Array.of(-1, 2 ** 31 - 1) },
  none: { dtype: 'F32', shape: [0, 4], data: new Float32Array(0) },
  scalar: { dtype: 'F32', shape: [], data: Float32Array.of(7) },
};

/** A file from a header given literally. */
function file(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function codeOf(bytes: Uint8Array): string {
  try {
    readSafetensors(bytes);
  } catch (error) {
    if (error instanceof LacunaError) return error.code;
    throw error;
  }
  return 'read';
}

describe('safetensors', () => {
  it('gives back what was written, bit by bit, NaN and −0 included', () => {
    const { tensors, metadata } = readSafetensors(writeSafetensors(TENSORS, { made: 'here', text: 'ä\n"' }));
    expect(metadata).toEqual({ made: 'here', text: 'ä\n"' });
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(TENSORS).sort());
    for (const [name, tensor] of Object.entries(TENSORS)) expect(tensors[name]).toEqual(tensor);
    expect(Object.is(tensors.weight?.data[1], -0)).toBe(true);
  });

  it('reads views, not copies, and copies only what is unaligned', () => {
    const bytes = writeSafetensors(TENSORS);
    expect(readSafetensors(bytes).tensors.weight?.data.buffer).toBe(bytes.buffer);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    expect(readSafetensors(shifted).tensors.weight).toEqual(TENSORS.weight);
  });

  it('writes the same bytes for the same input, the data aligned to eight bytes', () => {
    const bytes = writeSafetensors(TENSORS, { a: '1' });
    expect(writeSafetensors(TENSORS, { a: '1' })).toEqual(bytes);
    expect(new DataView(bytes.buffer).getBigUint64(0, true) % 8n).toBe(0n);
  });

  it('takes names that JavaScript treats specially as plain names', () => {
    const data = Float32Array.of(1);
    const tensors = Object.fromEntries([['__proto__', { dtype: 'F32', shape: [1], data } as const]]);
    expect(Object.keys(readSafetensors(writeSafetensors(tensors)).tensors)).toEqual(['__proto__']);
  });

  it('refuses values that do not fill the shape', () => {
    const wrong = { w: { dtype: 'F32', shape: [3], data: new Float32Array(2) } } as const;
    expect(() => writeSafetensors(wrong)).toThrowError(expect.objectContaining({ code: 'shape_mismatch' }));
  });

  it('says artifact_truncated for every cut of a file', () => {
    const bytes = writeSafetensors(TENSORS, { a: '1' });
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(bytes.subarray(0, length)), `${length} of ${bytes.length}`).toBe('artifact_truncated');
    }
  });

  const tensor = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ w: { dtype, shape, data_offsets } });
  it.each([
    ['bytes after the last tensor', tensor('F32', [1], [0, 4]), 5, 'artifact_corrupt'],
    ['a hole before a tensor', tensor('F32', [1], [4, 8]), 8, 'artifact_corrupt'],
    [
      'tensors that overlap',
      { ...tensor('F32', [2], [0, 8]), v: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } },
      8,
      'artifact_corrupt',
    ],
    ['a shape whose product is not the size', tensor('F32', [3], [0, 8]), 8, 'artifact_corrupt'],
    ['a shape that overflows', tensor('F32', [2 ** 40, 2 ** 40], [0, 8]), 8, 'artifact_corrupt'],
    ['a negative dimension', tensor('F32', [-1, -2], [0, 8]), 8, 'artifact_corrupt'],
    ['a fractional dimension', tensor('F32', [0.5, 4], [0, 8]), 8, 'artifact_corrupt'],
    ['a shape that is no list', tensor('F32', 2, [0, 8]), 8, 'artifact_corrupt'],
    ['offsets that run backwards', tensor('F32', [1], [4, 0]), 4, 'artifact_corrupt'],
    ['three offsets', tensor('F32', [1], [0, 4, 8]), 4, 'artifact_corrupt'],
    ['a type of nobody', tensor('F31', [1], [0, 4]), 4, 'artifact_corrupt'],
    ['a type of other programs', tensor('BF16', [2], [0, 4]), 4, 'artifact_unsupported'],
    ['a tensor that is null', { w: null }, 0, 'artifact_corrupt'],
    ['metadata that are no strings', { __metadata__: { a: 1 } }, 0, 'artifact_corrupt'],
    ['a header that is a list', [], 0, 'artifact_corrupt'],
    ['a header that is no JSON', '{"w": ', 0, 'artifact_corrupt'],
    ['data that end early', tensor('F32', [2], [0, 8]), 7, 'artifact_truncated'],
  ])('refuses %s', (_, header, dataBytes, code) => {
    expect(codeOf(file(header, dataBytes))).toBe(code);
  });

  it('refuses a header longer than the format allows before reading it', () => {
    const bytes = new Uint8Array(64);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(codeOf(bytes)).toBe('artifact_corrupt');
  });

  it('refuses a header that is no UTF-8', () => {
    const bytes = file('{"a": {}}', 0);
    bytes[10] = 0xff;
    expect(codeOf(bytes)).toBe('artifact_corrupt');
  });

  it('answers any bytes with a typed error or a file, never with another exception', () => {
    const good = writeSafetensors(TENSORS, { a: '1' });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          expect(['read', 'artifact_truncated', 'artifact_corrupt', 'artifact_unsupported']).toContain(codeOf(bytes));
        },
      ),
      { numRuns: 500 },
    );
  });
});
