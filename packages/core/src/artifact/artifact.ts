/**
 * The one-file artifact: a model as it is shipped. A safetensors file whose metadata say all that inference needs.
 *
 *     lacuna.artifact = 1, name, task, config, labels, multiLabel, quantization, metrics, provenance
 *     tokenizer   the vocabulary's pieces in the order of their ids, a space between
 *     sha256      of the tensors' bytes          seal   sha256 of all the rest, `sha256` included
 *     <name>      int8 (O, I) with <name>.scale float32 (O); or float32
 *
 * Reading refuses a file in which anything is off, so a loaded model is the model that was written.
 */
import { LacunaError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { type HeadConfig, parameterShapes } from '../model/parameters.ts';
import { dequantizeRows, isQuantized, quantizeRows } from '../quantize/int8.ts';
import { sameShape } from '../tensor/tensor.ts';
import { piecesOf } from '../text/tokenizer-json.ts';
import { type Json, METADATA_VERSION, type ModelTask, readMetadata, writeMetadata } from './metadata.ts';
import { readSafetensors, type Safetensors, type StoredTensor, writeSafetensors } from './safetensors.ts';

export type Quantization = 'int8' | 'none';

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
  /** A parsed `tokenizer.json`. */
  readonly tokenizer: unknown;
  readonly params: Readonly<Record<string, Float32Array>>;
  readonly quantization: Quantization;
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

export interface Artifact {
  readonly name: string;
  readonly task: ModelTask;
  readonly config: ModelConfig;
  /** Empty for fill-mask. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** The vocabulary by id. */
  readonly pieces: readonly string[];
  readonly quantization: Quantization;
  readonly metrics: Json;
  readonly provenance: Json;
  /** Views of the file's bytes, by parameter name. */
  readonly weights: Readonly<Record<string, StoredWeight>>;
  /** Of the tensors' bytes, in hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

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
  const file = readSafetensors(bytes);
  const { sha256 = '', seal } = file.metadata;
  const version = file.metadata['lacuna.artifact'];
  if (version !== METADATA_VERSION) {
    const got = version === undefined ? 'a file that is no artifact' : `version ${version}`;
    throw new LacunaError(
      'artifact_unsupported',
      `artifact: expected version ${METADATA_VERSION}, got ${got}. \`lacuna export\` makes artifacts.`,
      { expected: METADATA_VERSION, got: version },
    );
  }
  if ((await sha256Of(file.data)) !== sha256) throw altered('tensors', sha256);
  if ((await sealOf(file)) !== seal) throw altered('metadata', seal);
  const metadata = readMetadata(file.metadata);
  const { config, labels, task } = metadata;
  const head = task === 'text-classification' ? { numLabels: labels.length } : undefined;
  return { ...metadata, weights: readWeights(file, config, head), sha256, sizeBytes: bytes.length };
}

/** A weight's float32 values, row by row, whatever it is stored as. */
export function floatValues(weight: StoredWeight): Float32Array {
  return weight.kind === 'float32' ? weight.values : dequantizeRows(weight);
}

/** All weights as float32 by name. */
export function floatWeights(artifact: Artifact): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(artifact.weights).map(([name, weight]) => [name, floatValues(weight)]));
}

/** Every parameter of the config, each of its shape; float weights and scales finite. */
function readWeights(file: Safetensors, config: ModelConfig, head: HeadConfig | undefined): Artifact['weights'] {
  const weights: Record<string, StoredWeight> = {};
  for (const [name, shape] of Object.entries(parameterShapes(config, head))) {
    const stored = file.tensors[name];
    if (!stored || !sameShape(stored.shape, shape)) throw misfit(name, shape, stored?.shape);
    if (stored.dtype === 'F32') {
      weights[name] = { kind: 'float32', shape, values: finite(name, stored.data) };
      continue;
    }
    const scale = file.tensors[name + SCALE];
    if (stored.dtype !== 'I8' || scale?.dtype !== 'F32' || !sameShape(scale.shape, [shape[0] ?? 0])) {
      throw misfit(name + SCALE, [shape[0] ?? 0], scale?.shape);
    }
    weights[name] = { kind: 'int8', shape, values: stored.data, scales: finite(name, scale.data) };
  }
  return weights;
}

function finite(name: string, values: Float32Array): Float32Array {
  if (values.every(Number.isFinite)) return values;
  throw new LacunaError('artifact_corrupt', `artifact: "${name}" must be finite. Did the training diverge?`, { name });
}

async function sha256Of(bytes: Uint8Array): Promise<string> {
  // The bytes are never in shared memory: they come from a file or a response.
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The checksum of the metadata (but for the seal itself) and of what the header says about every tensor. */
function sealOf({ metadata, tensors }: Safetensors): Promise<string> {
  const entries = Object.entries(metadata).filter(([key]) => key !== 'seal');
  const described = Object.entries(tensors).map(([name, { dtype, shape }]) => [name, dtype, shape]);
  return sha256Of(new TextEncoder().encode(JSON.stringify([entries.sort(([a], [b]) => (a < b ? -1 : 1)), described])));
}

function altered(part: string, expected: string | undefined): LacunaError {
  const message = `artifact: the ${part} do not have the checksum that was written. Was the file altered?`;
  return new LacunaError('artifact_corrupt', message, { part, expected });
}

function misfit(name: string, expected: readonly number[], got: readonly number[] | undefined): LacunaError {
  const shown = got ? `(${got.join(', ')})` : 'none';
  return new LacunaError(
    'artifact_corrupt',
    `artifact: "${name}" must be (${expected.join(', ')}), got ${shown}. Was the file made for another config?`,
    { name, expected, got },
  );
}
