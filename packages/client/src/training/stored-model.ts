/** The model that a run starts from, or learns from: its folder's own copy. */
import { type Artifact, readArtifact } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import type { PostedInput } from './inputs.ts';
import type { RunFolder } from './run-folder.ts';
import { inputBytes } from './stored-inputs.ts';

const MODEL_FILE = 'model.safetensors';
const TEACHER_FILE = 'teacher.safetensors';

/** Stores a pre-trained model as the folder's own. Throws `unsupported_task`, what `readArtifact` throws, `network`. */
export function storeModel(input: PostedInput, folder: RunFolder): Promise<Artifact> {
  return store(input, folder, MODEL_FILE, 'fill-mask');
}

/** Stores a classifier to learn from. Throws the same. */
export function storeTeacher(input: PostedInput, folder: RunFolder): Promise<Artifact> {
  return store(input, folder, TEACHER_FILE, 'text-classification');
}

/** The model that the run's folder holds. */
export function storedModel(folder: RunFolder): Promise<Artifact> {
  return read(folder, MODEL_FILE);
}

/** The classifier that it holds to learn from. */
export function storedTeacher(folder: RunFolder): Promise<Artifact> {
  return read(folder, TEACHER_FILE);
}

async function store(input: PostedInput, folder: RunFolder, file: string, task: Artifact['task']): Promise<Artifact> {
  const bytes = await inputBytes(input);
  const artifact = await readArtifact(bytes);
  if (artifact.task !== task) {
    throw new LacunaError(
      'unsupported_task',
      `${input.name}: expected a model for ${task}, got one for ${artifact.task}.`,
      { expected: task, got: artifact.task },
    );
  }
  await folder.write(file, bytes);
  return artifact;
}

async function read(folder: RunFolder, file: string): Promise<Artifact> {
  const stored = (await folder.read(file)) ?? new Blob([]);
  return readArtifact(new Uint8Array(await stored.arrayBuffer()));
}
