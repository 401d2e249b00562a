/**
 * A run as bytes: one safetensors file with the weights, their average, both moments, and in the metadata everything
 * else that the next step depends on. The model's own weights keep their names, so the file opens elsewhere too.
 *
 *     <name>   adam.m.<name>   adam.v.<name>   ema.<name>        float32, for every parameter
 *     lacuna.checkpoint = 2, checksum, and as JSON config, head, labels, tokenizer, recipe, progress, data
 */
import { readSafetensors, writeSafetensors } from '../artifact/safetensors.ts';
import { LacunaError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { type HeadConfig, parameterShapes } from '../model/parameters.ts';
import { sameShape } from '../tensor/tensor.ts';
import type { ReplicaState } from '../training/lane.ts';
import { flatten, type Json, type TrainingState, unflatten } from '../training/state.ts';
import { readMetadata } from './metadata.ts';

/** What a checkpoint says about the run beside its state. */
export interface RunDescription {
  readonly config: ModelConfig;
  readonly head?: HeadConfig;
  /** Labels of a classifier, in the order of its logits. */
  readonly labels?: readonly string[];
  /** The tokenizer's JSON, as `tokenizer.json` holds it. */
  readonly tokenizer: unknown;
  /** The options of the run, for a resume that must not depend on being given them again. */
  readonly recipe: Json;
}

export interface Checkpoint extends RunDescription {
  readonly state: TrainingState;
}

const VERSION = '2';
const PREFIXES = { parameters: '', m: 'adam.m.', v: 'adam.v.', ema: 'ema.' } as const;
type Buffer = keyof typeof PREFIXES;
const BUFFERS = Object.keys(PREFIXES) as Buffer[];

/** The checkpoint's bytes; the same state gives the same bytes. */
export function writeCheckpoint({ config, head, labels, tokenizer, recipe, state }: Checkpoint): Uint8Array {
  const shapes = parameterShapes(config, head);
  const tensors: Record<string, Parameters<typeof writeSafetensors>[0][string]> = {};
  for (const buffer of BUFFERS) {
    for (const [name, data] of Object.entries(unflatten(state[buffer], shapes))) {
      tensors[PREFIXES[buffer] + name] = { dtype: 'F32', shape: shapes[name] ?? [], data };
    }
  }
  const { step, tokens, seconds, lanes } = state;
  const metadata = {
    'lacuna.checkpoint': VERSION,
    config: JSON.stringify(config),
    head: JSON.stringify(head ?? null),
    labels: JSON.stringify(labels ?? null),
    tokenizer: JSON.stringify(tokenizer),
    recipe: JSON.stringify(recipe),
    progress: JSON.stringify({ step, tokens, seconds, lanes }),
    data: JSON.stringify(state.data),
  };
  return writeSafetensors(tensors, { ...metadata, checksum: checksumOf(metadata, state) });
}

/**
 * Reads a checkpoint and checks that every tensor fits its config. Throws `artifact_truncated`, `artifact_corrupt`,
 * `artifact_unsupported`, `checkpoint_mismatch`.
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata } = readSafetensors(bytes);
  const version = metadata['lacuna.checkpoint'];
  if (version !== VERSION) {
    throw new LacunaError(
      'artifact_unsupported',
      `checkpoint: expected version ${VERSION}, got ${version ?? 'a file that is no checkpoint'}.`,
      { expected: VERSION, got: version },
    );
  }
  const { progress, data, ...description } = readMetadata(metadata);
  const shapes = parameterShapes(description.config, description.head);
  const buffer = (which: Buffer): Float32Array => {
    const values: Record<string, Float32Array> = {};
    for (const [name, shape] of Object.entries(shapes)) {
      const tensor = tensors[PREFIXES[which] + name];
      if (tensor?.dtype === 'F32' && sameShape(tensor.shape, shape)) values[name] = tensor.data as Float32Array;
    }
    return flatten(values, shapes);
  };
  const replica = { parameters: buffer('parameters'), m: buffer('m'), v: buffer('v'), ema: buffer('ema') };
  const { checksum: expected, ...rest } = metadata;
  const checksum = checksumOf(rest, replica);
  if (checksum !== expected) {
    throw new LacunaError(
      'artifact_corrupt',
      `checkpoint: its checksum must be ${expected}, got ${checksum}. The file was altered.`,
      { expected, got: checksum },
    );
  }
  return { ...description, state: { ...progress, data, ...replica } };
}

/** The weights by name: their average where the run kept one. */
export function weightsOf(checkpoint: Checkpoint, which: 'parameters' | 'ema'): Record<string, Float32Array> {
  return unflatten(checkpoint.state[which], parameterShapes(checkpoint.config, checkpoint.head));
}

/** Throws `checkpoint_mismatch` naming the first field in which a checkpoint's config differs from `expected`. */
export function expectConfig(checkpoint: Checkpoint, expected: ModelConfig): void {
  for (const [field, value] of Object.entries(expected)) {
    const got = checkpoint.config[field as keyof ModelConfig];
    if (got === value) continue;
    throw new LacunaError(
      'checkpoint_mismatch',
      `checkpoint: ${field} must be ${value}, got ${got}. Was the run started with another config?`,
      { field, expected: value, got },
    );
  }
}

/**
 * FNV-1a over the metadata, in the order of its names, and the 32-bit words of all buffers: every step is a bijection,
 * so one altered word always shows.
 */
function checksumOf(metadata: Readonly<Record<string, string>>, state: ReplicaState): string {
  let hash = 0x811c9dc5;
  const mix = (words: Iterable<number>) => {
    for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  };
  const named = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  mix(new TextEncoder().encode(JSON.stringify(named)));
  for (const buffer of BUFFERS) {
    const { buffer: memory, byteOffset, length } = state[buffer];
    mix(new Uint32Array(memory, byteOffset, length));
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
