/** Files to publish: an artifact with bytes changed, cut or added, and with a header that lies under right checksums. */
import { createHash } from 'node:crypto';
import { CONFIGS, initialParameters, Random, SPECIAL_TOKENS, Tokenizer, writeArtifact } from '@lacuna/core';
import fc from 'fast-check';

/** A small file that is as it should be. */
export function goodArtifact(): Promise<Uint8Array> {
  const pieces = [...SPECIAL_TOKENS, ...'the a river sea flows into . ##s'.split(' ')];
  const small = { hiddenSize: 16, intermediateSize: 24, maxPositionEmbeddings: 24, vocabSize: pieces.length };
  const config = { ...CONFIGS.tiny, ...small };
  const params = initialParameters(config, new Random(1));
  const tokenizer = new Tokenizer(pieces).toJSON();
  return writeArtifact({ name: 'fuzz', config, params, tokenizer, quantization: 'int8' });
}

interface Described {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly number[];
}

interface Header {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, Described>>;
}

function opened(bytes: Uint8Array): Header & { readonly data: Uint8Array } {
  const end = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const { __metadata__: metadata, ...tensors } = JSON.parse(new TextDecoder().decode(bytes.subarray(8, end)));
  return { metadata, tensors, data: bytes.subarray(end) };
}

/** The file with both checksums taken anew, as somebody would who means harm. */
function sealed({ metadata, tensors }: Header, data: Uint8Array): Uint8Array {
  const sha256 = (of: string | Uint8Array) => createHash('sha256').update(of).digest('hex');
  const { seal: _, ...rest }: Record<string, string> = { ...metadata, sha256: sha256(data) };
  const entries = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  const spans = Object.entries(tensors).sort(([, a], [, b]) => (a.data_offsets?.[0] ?? 0) - (b.data_offsets?.[0] ?? 0));
  const described = spans.map(([name, { dtype, shape }]) => [name, dtype, shape]);
  const seal = sha256(JSON.stringify([entries, described]));
  const header = new TextEncoder().encode(JSON.stringify({ __metadata__: { ...rest, seal }, ...tensors }));
  const bytes = new Uint8Array(8 + header.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set(data, 8 + header.length);
  return bytes;
}

const count = fc.oneof(fc.integer({ min: -1, max: 300 }), fc.constantFrom(0, 0.5, 2 ** 24, 2 ** 31, 2 ** 53, 1e300));

export function fuzzArtifacts(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const { metadata, tensors, data } = opened(good);
  const config = JSON.parse(metadata.config ?? '{}') as Record<string, unknown>;
  const names = Object.keys(tensors);
  const flipped = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = good.slice();
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const cut = fc.nat(good.length - 1).map((length) => good.slice(0, length));
  const longer = fc.uint8Array({ minLength: 1, maxLength: 5_000 }).map((more) => Uint8Array.of(...good, ...more));
  const length = fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.boolean()).map(([value, small]) => {
    const bytes = good.slice();
    new DataView(bytes.buffer).setBigUint64(0, small ? value % 2_000_000n : value, true);
    return bytes;
  });
  const otherConfig = fc
    .tuple(fc.constantFrom(...Object.keys(config)), fc.oneof(count, fc.string()))
    .map(([field, to]) =>
      sealed({ metadata: { ...metadata, config: JSON.stringify({ ...config, [field]: to }) }, tensors }, data),
    );
  const otherEntry = fc
    .tuple(fc.constantFrom(...Object.keys(metadata)), fc.oneof(fc.string(), fc.json(), fc.constant('['.repeat(20_000))))
    .map(([entry, to]) => sealed({ metadata: { ...metadata, [entry]: to }, tensors }, data));
  const otherTensor = fc
    .tuple(
      fc.constantFrom(...names),
      fc.record(
        {
          dtype: fc.constantFrom('F32', 'I8', 'I32', 'BF16', 'X'),
          shape: fc.array(count, { maxLength: 4 }),
          data_offsets: fc.array(count, { maxLength: 3 }),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([name, changes]) =>
      sealed({ metadata, tensors: { ...tensors, [name]: { ...(tensors[name] as Described), ...changes } } }, data),
    );
  const otherData = fc.uint8Array({ minLength: 4, maxLength: 64 }).chain((values) =>
    fc.nat(data.length - values.length).map((at) => {
      const changed = data.slice();
      changed.set(values, at);
      return sealed({ metadata, tensors }, changed);
    }),
  );
  const manyTensors = fc.integer({ min: 1, max: 5_000 }).map((many) => {
    const end = data.length;
    const nothing = { dtype: 'I8', shape: [0], data_offsets: [end, end] };
    const more = Object.fromEntries(Array.from({ length: many }, (_, i) => [`more.${i}`, nothing]));
    return sealed({ metadata, tensors: { ...tensors, ...more } }, data);
  });
  const noise = fc.uint8Array({ maxLength: 3_000 });
  return fc.oneof(
    ...[flipped, cut, longer, length, otherConfig, otherEntry, otherTensor, otherData, manyTensors, noise],
  );
}
