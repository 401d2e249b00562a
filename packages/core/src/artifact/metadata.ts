/** An artifact's metadata: typed on one side, the strings of a safetensors header on the other; checked on the way in. */
import { LacunaError } from '../errors.ts';
import { type ModelConfig, SPECIAL_TOKENS, validateConfig } from '../model/config.ts';

/** The format's version: raised when an older reader would misread a newer file. */
export const METADATA_VERSION = '1';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type ModelTask = 'fill-mask' | 'text-classification';

/** How matrices are stored: int8 with one scale a row, or as they are. */
export type Quantization = 'int8' | 'none';

export interface ArtifactMetadata {
  readonly name: string;
  readonly task: ModelTask;
  readonly config: ModelConfig;
  /** Empty for fill-mask. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** A classifier's own least score of a label, chosen on held-out texts, 0 to 1; null where none was chosen. */
  readonly threshold: number | null;
  /** The vocabulary by id. */
  readonly pieces: readonly string[];
  readonly quantization: Quantization;
  readonly metrics: Json;
  readonly provenance: Json;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** Splitting at white space comes before pieces are made, so no piece holds a space. */
const SEPARATOR = ' ';

export function writeMetadata(metadata: ArtifactMetadata): Record<string, string> {
  const { name, task, pieces, quantization } = metadata;
  check(NAME.test(name), 'name', 'lower-case letters, digits, dots and dashes', name, 'invalid_argument');
  const spaced = pieces.find((piece) => piece === '' || piece.includes(SEPARATOR));
  check(spaced === undefined, 'tokenizer', 'pieces without spaces', spaced, 'invalid_argument');
  const { vocabSize } = metadata.config;
  check(pieces.length === vocabSize, 'tokenizer', `${vocabSize} pieces`, pieces.length, 'invalid_argument');
  checkLabels(metadata, 'invalid_argument');
  checkThreshold(metadata, 'invalid_argument');
  return {
    'lacuna.artifact': METADATA_VERSION,
    name,
    task,
    config: JSON.stringify(metadata.config),
    labels: JSON.stringify(metadata.labels),
    multiLabel: JSON.stringify(metadata.multiLabel),
    ...(metadata.threshold === null ? {} : { threshold: JSON.stringify(metadata.threshold) }),
    quantization,
    metrics: JSON.stringify(metadata.metrics),
    provenance: JSON.stringify(metadata.provenance),
    tokenizer: pieces.join(SEPARATOR),
  };
}

/** Throws `artifact_corrupt` naming the first entry that is off. */
export function readMetadata(stored: Readonly<Record<string, string>>): ArtifactMetadata {
  const { name = '', task, quantization, tokenizer = '' } = stored;
  check(NAME.test(name), 'name', 'lower-case letters, digits, dots and dashes', name);
  if (task !== 'fill-mask' && task !== 'text-classification') {
    throw corrupt('task', '"fill-mask" or "text-classification"', task);
  }
  if (quantization !== 'int8' && quantization !== 'none')
    throw corrupt('quantization', '"int8" or "none"', quantization);
  const config = readConfig(parse(stored, 'config'));
  const labels = parse(stored, 'labels');
  if (!Array.isArray(labels) || labels.some((label) => typeof label !== 'string')) {
    throw corrupt('labels', 'a list of strings', labels);
  }
  const multiLabel = parse(stored, 'multiLabel');
  if (typeof multiLabel !== 'boolean') throw corrupt('multiLabel', 'true or false', multiLabel);
  checkLabels({ task, labels: labels as string[], multiLabel }, 'artifact_corrupt');
  // Files of classifiers without one, and of models that classify nothing, have no such entry.
  const threshold = stored.threshold === undefined ? null : parse(stored, 'threshold');
  checkThreshold({ task, threshold }, 'artifact_corrupt');
  const pieces = tokenizer.split(SEPARATOR);
  check(pieces.length === config.vocabSize, 'tokenizer', `${config.vocabSize} pieces`, pieces.length);
  check(
    SPECIAL_TOKENS.every((token, id) => pieces[id] === token) && new Set(pieces).size === pieces.length,
    'tokenizer',
    'the special tokens first and every piece once',
    pieces.slice(0, SPECIAL_TOKENS.length),
  );
  return {
    name,
    task,
    config,
    labels: labels as string[],
    multiLabel,
    threshold: threshold as number | null,
    pieces,
    quantization,
    metrics: parse(stored, 'metrics'),
    provenance: parse(stored, 'provenance'),
  };
}

/** Two labels to choose between, or one to give or not; none for a model that classifies nothing. */
function checkLabels(
  { task, labels, multiLabel }: Pick<ArtifactMetadata, 'task' | 'labels' | 'multiLabel'>,
  code: 'artifact_corrupt' | 'invalid_argument',
): void {
  if (task === 'fill-mask') check(labels.length === 0, 'labels', 'labels for a classifier only', labels.length, code);
  else {
    const least = multiLabel ? 1 : 2;
    check(labels.length >= least, 'labels', `at least ${least}`, labels.length, code);
  }
}

function checkThreshold(
  { task, threshold }: { readonly task: ModelTask; readonly threshold: Json },
  code: 'artifact_corrupt' | 'invalid_argument',
): void {
  if (threshold === null) return;
  const holds = task === 'text-classification' && typeof threshold === 'number' && threshold >= 0 && threshold <= 1;
  check(holds, 'threshold', "a classifier's, 0 to 1", threshold, code);
}

function readConfig(value: Json): ModelConfig {
  try {
    return validateConfig(value);
  } catch (cause) {
    throw new LacunaError('artifact_corrupt', `artifact: ${(cause as Error).message}`, { entry: 'config' }, { cause });
  }
}

function parse(stored: Readonly<Record<string, string>>, entry: string): Json {
  try {
    return JSON.parse(stored[entry] ?? '') as Json;
  } catch {
    throw corrupt(entry, 'JSON', stored[entry]);
  }
}

function check(
  holds: boolean,
  entry: string,
  expected: string,
  got: unknown,
  code: 'artifact_corrupt' | 'invalid_argument' = 'artifact_corrupt',
): void {
  if (!holds) throw corrupt(entry, expected, got, code);
}

function corrupt(
  entry: string,
  expected: string,
  got: unknown,
  code: 'artifact_corrupt' | 'invalid_argument' = 'artifact_corrupt',
): LacunaError {
  const shown = JSON.stringify(got)?.slice(0, 80);
  return new LacunaError(code, `artifact: ${entry} must be ${expected}, got ${shown}.`, { entry, expected });
}
