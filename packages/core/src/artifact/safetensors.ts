/**
 * The safetensors container: named tensors and string metadata as one block of bytes. Checkpoints and artifacts are both
 * written with it, and everything a file claims about itself is checked before a view is made.
 *
 *     u64 header length │ header: JSON, padded with spaces to 8 bytes │ tensor bytes, no gaps, no overlaps
 *
 * Source: the format's specification (huggingface/safetensors, README "Format"). Little-endian hosts, as WebAssembly is.
 */
import { LacunaError } from '../errors.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';

export type StoredTensor =
  | { readonly dtype: 'F32'; readonly shape: Shape; readonly data: Float32Array }
  | { readonly dtype: 'I32'; readonly shape: Shape; readonly data: Int32Array }
  | { readonly dtype: 'I8'; readonly shape: Shape; readonly data: Int8Array };

export interface Safetensors extends Layout {
  /** In the order in which they lie in the file. */
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  /** The tensors' bytes as they lie in the file: what a checksum is taken of. */
  readonly data: Uint8Array;
}

const ITEM_BYTES = { F32: 4, I32: 4, I8: 1 } as const;
/** Types of the format that Lacuna has no use for. */
const OTHER_DTYPES = ['BOOL', 'U8', 'I16', 'U16', 'F16', 'BF16', 'U32', 'I64', 'U64', 'F64', 'F8_E4M3', 'F8_E5M2'];
const MAX_HEADER_BYTES = 100_000_000;
/** The length of the header stands before it. */
export const LENGTH_BYTES = 8;

/** The same tensors and metadata give the same bytes. Four-byte types come first, so that every view is aligned. */
export function writeSafetensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = Object.entries(tensors).sort(([, a], [, b]) => ITEM_BYTES[b.dtype] - ITEM_BYTES[a.dtype]);
  const header: [string, unknown][] = [['__metadata__', metadata]];
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (data.length !== sizeOf(shape)) {
      throw new LacunaError(
        'shape_mismatch',
        `safetensors: "${name}" must hold ${sizeOf(shape)} values, got ${data.length}.`,
        { name, shape, length: data.length },
      );
    }
    const begin = end;
    end += data.byteLength;
    header.push([name, { dtype, shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  bytes.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of entries) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/** What a file's header says, checked against the file's size. */
export interface Layout {
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order in which the tensors lie in the file, without gaps or overlaps, up to its last byte. */
  readonly spans: readonly Span[];
  /** Where the tensors' bytes begin in the file. */
  readonly dataStart: number;
}

/** A tensor's place; offsets count from `dataStart`. */
export interface Span {
  readonly name: string;
  readonly dtype: keyof typeof ITEM_BYTES;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * Reads a file as views of `bytes` (copied only where a view would be unaligned). Throws `artifact_truncated` when bytes
 * are missing at the end, `artifact_unsupported` for a type that Lacuna does not read, `artifact_corrupt` for the rest.
 */
export function readSafetensors(bytes: Uint8Array): Safetensors {
  const dataStart = headerEnd(bytes);
  if (dataStart > bytes.length) throw truncated(dataStart, bytes.length);
  const layout = readLayout(bytes.subarray(0, dataStart), bytes.length);
  const tensors = Object.fromEntries(layout.spans.map((span) => [span.name, view(bytes, dataStart, span)]));
  return { ...layout, tensors, data: bytes.subarray(dataStart) };
}

/** Where the header ends, from a file's first `LENGTH_BYTES` bytes. Throws as `readSafetensors`. */
export function headerEnd(bytes: Uint8Array, maxHeaderBytes = MAX_HEADER_BYTES): number {
  if (bytes.length < LENGTH_BYTES) throw truncated(LENGTH_BYTES, bytes.length);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length > maxHeaderBytes || length < 2) {
    throw corrupt(`the header must be 2 to ${maxHeaderBytes} bytes long, got ${length}`, { length });
  }
  return LENGTH_BYTES + length;
}

/** The layout of a file of `sizeBytes` whose length and header are `head`. Throws as `readSafetensors`. */
export function readLayout(head: Uint8Array, sizeBytes: number): Layout {
  const { __metadata__: metadata = {}, ...described } = parseHeader(head.subarray(LENGTH_BYTES));
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    throw corrupt('metadata must map names to strings', { metadata });
  }
  const spans = Object.entries(described).map(([name, value]) => readSpan(name, value));
  spans.sort((a, b) => a.begin - b.begin || a.end - b.end);
  const size = sizeBytes - head.length;
  let at = 0;
  for (const { name, begin, end } of spans) {
    if (begin !== at) {
      throw corrupt(
        `"${name}" must begin at byte ${at} of the data, got ${begin}: tensors may not overlap or leave gaps`,
        {
          name,
          begin,
          expected: at,
        },
      );
    }
    at = end;
  }
  if (at > size) throw truncated(head.length + at, sizeBytes);
  if (at < size) throw corrupt(`expected ${at} bytes of tensors, got ${size}`, { expected: at, got: size });
  return { metadata: metadata as Record<string, string>, spans, dataStart: head.length };
}

function parseHeader(json: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (cause) {
    throw corrupt('the header must be JSON', {}, cause);
  }
  if (!isRecord(header)) throw corrupt('the header must be a JSON object', {});
  return header;
}

function readSpan(name: string, value: unknown): Span {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof dtype === 'string' && OTHER_DTYPES.includes(dtype)) {
    throw new LacunaError(
      'artifact_unsupported',
      `safetensors: "${name}" must be of type F32, I32 or I8, got ${dtype}. Was the file made by another program?`,
      { name, dtype },
    );
  }
  if (dtype !== 'F32' && dtype !== 'I32' && dtype !== 'I8')
    throw corrupt(`"${name}" has no known type`, { name, dtype });
  if (!isCounts(shape)) throw corrupt(`"${name}" has no valid shape`, { name, shape });
  if (!isCounts(offsets) || offsets.length !== 2) throw corrupt(`"${name}" has no valid offsets`, { name, offsets });
  const [begin = 0, end = 0] = offsets;
  const expected = sizeOf(shape) * ITEM_BYTES[dtype];
  if (end - begin !== expected) {
    throw corrupt(`"${name}" of shape (${shape.join(', ')}) must take ${expected} bytes, got ${end - begin}`, {
      name,
      shape,
      expected,
      got: end - begin,
    });
  }
  return { name, dtype, shape, begin, end };
}

function view(bytes: Uint8Array, dataStart: number, { dtype, shape, begin, end }: Span): StoredTensor {
  const unaligned = (bytes.byteOffset + dataStart + begin) % ITEM_BYTES[dtype] !== 0;
  const own = unaligned ? bytes.slice(dataStart + begin, dataStart + end) : bytes;
  const offset = unaligned ? 0 : bytes.byteOffset + dataStart + begin;
  const length = sizeOf(shape);
  if (dtype === 'F32') return { dtype, shape, data: new Float32Array(own.buffer, offset, length) };
  if (dtype === 'I32') return { dtype, shape, data: new Int32Array(own.buffer, offset, length) };
  return { dtype, shape, data: new Int8Array(own.buffer, offset, length) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

export function truncated(expected: number, got: number): LacunaError {
  const message = `safetensors: expected ${expected} bytes or more, got ${got}. Was the file copied to its end?`;
  return new LacunaError('artifact_truncated', message, { expected, got });
}

function corrupt(what: string, facts: Readonly<Record<string, unknown>>, cause?: unknown): LacunaError {
  return new LacunaError('artifact_corrupt', `safetensors: ${what}. Is this a safetensors file?`, facts, { cause });
}
