/**
 * The one-file artifact: a model as it is shipped. A safetensors file whose metadata say all that inference needs.
 *
 *     lacuna.artifact = 1, name, task, config, labels, multiLabel, threshold?, quantization, metrics, provenance
 *     tokenizer   the vocabulary's pieces in the order of their ids, a space between
 *     sha256      of the tensors' bytes          seal   sha256 of all the rest, `sha256` included
 *     <name>      int8 (O, I) with <name>.scale float32 (O); or float32
 *
 * Reading refuses a file in which anything is off, so a loaded model is the model that was written.
 */
import { LacunaError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { type HeadConfig, parameterShapes } from '../model/parameters.ts';
import { dequantizeRows, isQuantized, quantizeRows, storedBytes } from '../quantize/int8.ts';
import { type Shape, sameShape } from '../tensor/tensor.ts';
import { piecesOf } from '../text/tokenizer-json.ts';
import { type ArtifactMetadata, type Json, METADATA_VERSION, readMetadata, writeMetadata } from './metadata.ts';
import { type Layout, readSafetensors, type Safetensors, type StoredTensor, writeSafetensors } from './safetensors.ts';

/** What an artifact is made from. */
export interface ArtifactParts {
  /** Short and stable: how requests name the model. */
  readonly name: string;
  readonly config: ModelConfig;
  /** For a classifier, with its labels in the order of the logits. */
  readonly head?: HeadConfig | undefined;
  readonly labels?: readonly string[] | undefined;
  /** Whether labels are independent (sigmoid each) and not exclusive (one softmax); false by default. */
  readonly multiLabel?: boolean | undefined;
  /** A classifier's own least score of a label; see `ArtifactMetadata`. */
  readonly threshold?: number | undefined;
  /** A parsed `tokenizer.json`. */
  readonly tokenizer: unknown;
  readonly params: Readonly<Record<string, Float32Array>>;
  readonly quantization: ArtifactMetadata['quantization'];
  /** Held-out quality, as `lacuna evaluate` prints it. */
  readonly metrics?: Json;
  /** Data, licences, recipe, commands. */
  readonly provenance?: Json;
}

/** A weight as stored: float32 values, or int8 values with one scale a row. */
export type StoredWeight =
  | { readonly kind: 'float32'; readonly shape: readonly number[]; readonly values: Float32Array }
  | {
      readonly kind: 'int8';
      readonly shape: readonly number[];
      readonly values: Int8Array;
      readonly scales: Float32Array;
    };

/** What an artifact says of its model before the weights are read. */
export interface ArtifactHeader extends ArtifactMetadata {
  /** Of the tensors' bytes, in hex. */
  readonly sha256: string;
  /** Names this very content: the first digits of the seal, which is taken of everything, `sha256` included. */
  readonly version: string;
}

export interface Artifact extends ArtifactHeader {
  /** Views of the file's bytes, by parameter name. */
  readonly weights: Readonly<Record<string, StoredWeight>>;
  readonly sizeBytes: number;
}

const VERSION_LENGTH = 16;

const SCALE = '.scale';

/** The file's bytes; the same parts give the same bytes. Throws `shape_mismatch`, `invalid_argument`. */
export async function writeArtifact(parts: ArtifactParts): Promise<Uint8Array> {
  const { config, head, labels = [], quantization } = parts;
  if (labels.length !== (head?.numLabels ?? 0)) {
    throw new LacunaError(
      'invalid_argument',
      `artifact: expected ${head?.numLabels ?? 0} labels, got ${labels.length}.`,
    );
  }
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, shape] of Object.entries(parameterShapes(config, head))) {
    const values = parts.params[name];
    if (!values) throw new LacunaError('invalid_argument', `artifact: expected the parameter "${name}", got none.`);
    if (quantization === 'int8' && isQuantized(shape)) {
      const matrix = quantizeRows(values, shape);
      tensors[name] = { dtype: 'I8', shape, data: matrix.values };
      tensors[name + SCALE] = { dtype: 'F32', shape: [matrix.scales.length], data: matrix.scales };
    } else tensors[name] = { dtype: 'F32', shape, data: values };
  }
  const metadata = writeMetadata({
    name: parts.name,
    task: head ? 'text-classification' : 'fill-mask',
    config,
    labels,
    multiLabel: parts.multiLabel ?? false,
    threshold: parts.threshold ?? null,
    pieces: piecesOf(parts.tokenizer),
    quantization,
    metrics: parts.metrics ?? null,
    provenance: parts.provenance ?? null,
  });
  // Written three times: the checksums stand in the file that they are taken of.
  const { data } = readSafetensors(writeSafetensors(tensors, metadata));
  const hashed = { ...metadata, sha256: await sha256Of(data) };
  const seal = await sealOf(readSafetensors(writeSafetensors(tensors, hashed)));
  return writeSafetensors(tensors, { ...hashed, seal });
}

/**
 * Reads and checks an artifact. Throws `artifact_truncated` for a file cut short, `artifact_corrupt` for an altered one,
 * `artifact_unsupported` for one of another format or version.
 */
export async function readArtifact(bytes: Uint8Array): Promise<Artifact> {
  const { tensors, data, ...layout } = readSafetensors(bytes);
  const header = await readHeader(layout);
  checkSha256(await sha256Of(data), header.sha256);
  return { ...header, weights: readWeights(tensors, header), sizeBytes: bytes.length };
}

/** All that a file's header says of the model, checked but for the tensors' bytes. Throws as `readArtifact`. */
export async function readHeader(layout: Pick<Layout, 'metadata' | 'spans'>): Promise<ArtifactHeader> {
  const { sha256 = '', seal = '', 'lacuna.artifact': format } = layout.metadata;
  if (format !== METADATA_VERSION) {
    const got = format === undefined ? 'a file that is no artifact' : `version ${format}`;
    throw new LacunaError(
      'artifact_unsupported',
      `artifact: expected version ${METADATA_VERSION}, got ${got}. \`lacuna export\` makes artifacts.`,
      { expected: METADATA_VERSION, got: format },
    );
  }
  if ((await sealOf(layout)) !== seal) throw altered('metadata', seal);
  const metadata = readMetadata(layout.metadata);
  const header = { ...metadata, sha256, version: seal.slice(0, VERSION_LENGTH) };
  checkWeights(layout.spans, header);
  return header;
}

/** A weight's float32 values, row by row, whatever it is stored as. */
export function floatValues(weight: StoredWeight): Float32Array {
  return weight.kind === 'float32' ? weight.values : dequantizeRows(weight);
}

/** All weights as float32 by name. */
export function floatWeights(artifact: Artifact): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(artifact.weights).map(([name, weight]) => [name, floatValues(weight)]));
}

/** The parameters' shapes of an artifact. */
export function weightShapes({ config, task, labels }: Pick<ArtifactMetadata, 'config' | 'task' | 'labels'>) {
  return parameterShapes(config, task === 'text-classification' ? { numLabels: labels.length } : undefined);
}

/** Bytes of the weights in the file, scales included: all of it but the header with the vocabulary. */
export function weightBytes(header: Pick<ArtifactMetadata, 'config' | 'task' | 'labels' | 'quantization'>): number {
  const asInt8 = header.quantization === 'int8';
  return Object.values(weightShapes(header)).reduce((sum, shape) => sum + storedBytes(shape, asInt8), 0);
}

/** Every parameter of the config, each of its shape, int8 ones with their scales, and nothing else. */
function checkWeights(spans: Layout['spans'], metadata: ArtifactMetadata): void {
  const stored = new Map(spans.map((span) => [span.name, span]));
  const take = (name: string, shape: Shape, ...dtypes: string[]) => {
    const span = stored.get(name);
    if (!span || !dtypes.includes(span.dtype) || !sameShape(span.shape, shape)) throw misfit(name, shape, span?.shape);
    stored.delete(name);
    return span;
  };
  for (const [name, shape] of Object.entries(weightShapes(metadata))) {
    if (take(name, shape, 'F32', 'I8').dtype === 'I8') take(name + SCALE, [shape[0] ?? 0], 'F32');
  }
  for (const [name, { shape }] of stored) throw misfit(name, undefined, shape);
}

function readWeights(tensors: Safetensors['tensors'], metadata: ArtifactMetadata): Artifact['weights'] {
  const weights: Record<string, StoredWeight> = {};
  const floats = (name: string) => {
    const { data } = tensors[name] as StoredTensor & { data: Float32Array };
    checkFinite(name, data);
    return data;
  };
  for (const [name, shape] of Object.entries(weightShapes(metadata))) {
    const stored = tensors[name];
    if (stored?.dtype === 'I8') {
      weights[name] = { kind: 'int8', shape, values: stored.data, scales: floats(name + SCALE) };
    } else weights[name] = { kind: 'float32', shape, values: floats(name) };
  }
  return weights;
}

/** Throws `artifact_corrupt` unless all values are numbers. */
export function checkFinite(name: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new LacunaError('artifact_corrupt', `artifact: "${name}" must be finite. Did the training diverge?`, {
        name,
      });
    }
  }
}

/** Throws `artifact_corrupt` unless the tensors' bytes have the checksum that the file names. */
export function checkSha256(got: string, expected: string): void {
  if (got !== expected) throw altered('tensors', expected);
}

async function sha256Of(bytes: Uint8Array): Promise<string> {
  // The bytes are never in shared memory: they come from a file or a response.
  return hexOf(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

export function hexOf(bytes: ArrayBuffer | Uint8Array): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The checksum of the metadata (but for the seal itself) and of what the header says about every tensor. */
function sealOf({ metadata, spans }: Pick<Layout, 'metadata' | 'spans'>): Promise<string> {
  const entries = Object.entries(metadata).filter(([key]) => key !== 'seal');
  const described = spans.map(({ name, dtype, shape }) => [name, dtype, shape]);
  return sha256Of(new TextEncoder().encode(JSON.stringify([entries.sort(([a], [b]) => (a < b ? -1 : 1)), described])));
}

function altered(part: string, expected: string | undefined): LacunaError {
  const message = `artifact: the ${part} do not have the checksum that was written. Was the file altered?`;
  return new LacunaError('artifact_corrupt', message, { part, expected });
}

function misfit(name: string, expected: Shape | undefined, got: Shape | undefined): LacunaError {
  const shown = (shape: Shape | undefined) => (shape ? `(${shape.join(', ')})` : 'none');
  return new LacunaError(
    'artifact_corrupt',
    `artifact: "${name}" must be ${shown(expected)}, got ${shown(got)}. Was the file made for another config?`,
    { name, expected, got },
  );
}
