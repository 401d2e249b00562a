/** A trained model by its path: the folder of a run, or an exported file. Both are read as the one-file artifact. */
import { readFile, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import {
  type Artifact,
  checkpointArtifact,
  LacunaError,
  loadModel,
  type Model,
  type Ops,
  type Quantization,
  readArtifact,
  Tokenizer,
} from '@lacuna/core';
import { loadCheckpoint } from '@lacuna/core/node';
import { RunFolder } from './run-folder.ts';

export const MODEL_OPTION = {
  model: { kind: 'text', value: 'DIR|FILE', about: 'the folder of a run, or an exported model', required: true },
} as const;

/**
 * The model at `path`; of a run its averaged weights (the last ones with `--ema 0`), as float32 unless int8 is asked for.
 * Throws `file_not_found`, `checkpoint_not_found`, `artifact_truncated`, `artifact_corrupt`, `checkpoint_mismatch`.
 */
export async function readTrainedModel(path: string, quantization: Quantization = 'none'): Promise<Artifact> {
  const info = await stat(path).catch(() => undefined);
  if (!info) {
    throw new LacunaError('file_not_found', `model: expected the folder of a run or a file, got nothing at ${path}.`, {
      path,
    });
  }
  if (!info.isDirectory()) return readArtifact(await readFile(path));
  const checkpoint = await loadCheckpoint(new RunFolder(path).checkpoint);
  return readArtifact(await checkpointArtifact(checkpoint, { name: nameFrom(path), quantization }));
}

/** `Runs/My base` → `my-base` */
export function nameFrom(path: string): string {
  const name = basename(resolve(path))
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-');
  return /^[a-z0-9]/.test(name) ? name.slice(0, 64) : `model${name}`.slice(0, 64);
}

/** The model as users call it. */
export async function openModel(path: string, ops: Ops): Promise<Model> {
  return loadModel(ops, await readTrainedModel(path));
}

export function tokenizerOf(artifact: Artifact): Tokenizer {
  return new Tokenizer(artifact.pieces);
}

/** Throws `unsupported_task` unless the model does `task`. */
export function expectTask(command: string, artifact: Artifact, task: Artifact['task']): void {
  if (artifact.task === task) return;
  throw new LacunaError('unsupported_task', `${command}: expected a model for ${task}, got one for ${artifact.task}.`, {
    expected: task,
    got: artifact.task,
  });
}
