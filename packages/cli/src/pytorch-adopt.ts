/** Weights that `scripts/pytorch/train.py` wrote, as the checkpoint of a run: to evaluate, distil, fine-tune and export. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freshReplica, LacunaError, parameterShapes, readSafetensors, validateConfig } from '@lacuna/core';
import { saveCheckpoint } from '@lacuna/core/node';
import { readJson } from './read-json.ts';
import { storedRecipe } from './resume.ts';
import type { RunFolder } from './run-folder.ts';

/** What the script says of its run in the file of weights. */
export interface Training {
  readonly step: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly complete?: boolean;
  readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * Writes `checkpoint.safetensors` from `weights.safetensors`. The weights are averages, and so their own average; there are
 * no moments, and going on is a new run (`lacuna pretrain --model`).
 * Throws `checkpoint_not_found`, `checkpoint_mismatch`, `artifact_truncated`, `artifact_corrupt`.
 */
export async function adoptWeights(folder: RunFolder, options: object): Promise<Training> {
  const path = join(folder.path, 'weights.safetensors');
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new LacunaError('checkpoint_not_found', `pytorch: no weights at ${path} yet.`, { path }, { cause });
  });
  const { tensors, metadata } = readSafetensors(bytes);
  const config = validateConfig(readJson('config', join(folder.path, 'config.json'), 'invalid_config'));
  const training = trainingOf(path, metadata.training);
  const weights = Object.keys(parameterShapes(config)).map((name) => {
    const tensor = tensors[name];
    if (tensor?.dtype === 'F32' && tensor.data.every(Number.isFinite)) return [name, tensor.data] as const;
    throw new LacunaError(
      'checkpoint_mismatch',
      `pytorch: expected "${name}" with finite values in ${path}, got none. Is the file of this run?`,
      { path, name },
    );
  });
  const { step, tokens, seconds } = training;
  await saveCheckpoint(folder.checkpoint, {
    config,
    tokenizer: readJson('tokenizer', join(folder.path, 'tokenizer.json'), 'malformed_data'),
    recipe: storedRecipe('pytorch', options, { ...readJob(folder), training }),
    // Sizes are checked here.
    state: {
      ...freshReplica(config, 0, undefined, Object.fromEntries(weights)),
      step,
      tokens,
      seconds,
      lanes: 1,
      data: null,
    },
  });
  return training;
}

export function readJob(folder: RunFolder): object {
  return readJson('job', join(folder.path, 'job.json'), 'malformed_data') as object;
}

function trainingOf(path: string, stored: string | undefined): Training {
  try {
    const training = JSON.parse(stored ?? '') as Training;
    if ([training.step, training.tokens, training.seconds].every(Number.isFinite)) return training;
  } catch {}
  throw new LacunaError('artifact_corrupt', `pytorch: ${path} must say how it was trained. Was the file altered?`, {
    path,
  });
}
