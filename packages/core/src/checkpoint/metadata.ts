/** What a checkpoint says of its run beside the tensors: JSON in a safetensors header, each entry checked on the way in. */
import { LacunaError } from '../errors.ts';
import { type ModelConfig, validateConfig } from '../model/config.ts';
import type { HeadConfig } from '../model/parameters.ts';
import type { Progress } from '../optim/schedule.ts';
import type { Json } from '../training/state.ts';

export interface CheckpointMetadata {
  readonly config: ModelConfig;
  readonly head?: HeadConfig;
  readonly labels?: readonly string[];
  readonly tokenizer: Json;
  readonly recipe: Json;
  readonly progress: Progress & { readonly lanes: number };
  readonly data: Json;
}

/** Throws `artifact_corrupt` naming the first entry that is off. */
export function readMetadata(stored: Readonly<Record<string, string>>): CheckpointMetadata {
  const head = readHead(parse(stored, 'head'));
  const labels = readLabels(parse(stored, 'labels'), head?.numLabels ?? 0);
  return {
    config: readConfig(parse(stored, 'config')),
    ...(head ? { head } : {}),
    ...(labels ? { labels } : {}),
    tokenizer: parse(stored, 'tokenizer'),
    recipe: parse(stored, 'recipe'),
    progress: readProgress(parse(stored, 'progress')),
    data: parse(stored, 'data'),
  };
}

function readConfig(value: Json): ModelConfig {
  try {
    return validateConfig(value);
  } catch (cause) {
    const message = `checkpoint: ${(cause as Error).message}`;
    throw new LacunaError('artifact_corrupt', message, { entry: 'config' }, { cause });
  }
}

function readHead(value: Json): HeadConfig | undefined {
  if (value === null) return undefined;
  const { numLabels } = recordOf(value);
  if (isCount(numLabels) && numLabels > 0) return { numLabels };
  throw corrupt('head', 'null or hold a number of labels', value);
}

function readLabels(value: Json, count: number): readonly string[] | undefined {
  if (value === null) return undefined;
  const labels = Array.isArray(value) ? value.filter((label) => typeof label === 'string') : [];
  if (Array.isArray(value) && value.length === count && labels.length === count) return labels;
  throw corrupt('labels', `null or a list of the head's ${count} labels`, value);
}

function readProgress(value: Json): CheckpointMetadata['progress'] {
  const { step, tokens, seconds, lanes } = recordOf(value);
  const timed = typeof seconds === 'number' && seconds >= 0;
  if (isCount(step) && isCount(tokens) && timed && isCount(lanes) && lanes > 0) return { step, tokens, seconds, lanes };
  throw corrupt('progress', 'step, tokens, seconds and lanes', value);
}

/** An object's entries; of anything else none. */
function recordOf(value: Json): Readonly<Record<string, Json | undefined>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, Json>) : {};
}

function isCount(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function parse(stored: Readonly<Record<string, string>>, entry: string): Json {
  try {
    return JSON.parse(stored[entry] ?? '') as Json;
  } catch {
    throw corrupt(entry, 'JSON', stored[entry]);
  }
}

function corrupt(entry: string, expected: string, got: unknown): LacunaError {
  const shown = JSON.stringify(got)?.slice(0, 80);
  return new LacunaError(
    'artifact_corrupt',
    `checkpoint: ${entry} must be ${expected}, got ${shown}. Was the file altered?`,
    { entry, expected },
  );
}
