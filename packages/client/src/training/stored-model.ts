/** The model that a run starts from, or learns from: its folder's own copy. */
import { readArtifact } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import type { PostedInput } from './inputs.ts';
import type { RunFolder } from './run-folder.ts';
import { inputBytes } from './stored-inputs.ts';

const MODEL_FILE = 'model.safetensors';

/** Stores a pre-trained model as the folder's own. Throws `unsupported_task`, what `readArtifact` throws, `network`. */
export async function storeModel(input: PostedInput, folder: RunFolder) {
  const bytes = await inputBytes(input);
  const artifact = await readArtifact(bytes);
  if (artifact.task !== 'fill-mask') {
    throw new LacunaError(
      'unsupported_task',
      `${input.name}: expected a model for fill-mask, got one for ${artifact.task}.`,
      { expected: 'fill-mask', got: artifact.task },
    );
  }
  await folder.write(MODEL_FILE, bytes);
  return artifact;
}

/** The model that the run's folder holds. */
export async function storedModel(folder: RunFolder) {
  const file = (await folder.read(MODEL_FILE)) ?? new Blob([]);
  return readArtifact(new Uint8Array(await file.arrayBuffer()));
}
