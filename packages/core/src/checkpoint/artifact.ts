/** A run's model as the artifact that is shipped. */
import { writeArtifact } from '../artifact/artifact.ts';
import type { Quantization } from '../artifact/metadata.ts';
import type { Json } from '../training/state.ts';
import { type Checkpoint, weightsOf } from './checkpoint.ts';

export interface CheckpointArtifactOptions {
  /** Lower-case letters, digits, dots and dashes. */
  readonly name: string;
  readonly quantization: Quantization;
  readonly metrics?: Json;
  /** A classifier's own least score of a label. */
  readonly threshold?: number | undefined;
}

/** What is read of the recipe that a checkpoint holds under `recipe`. */
interface StoredRecipe {
  readonly multiLabel?: boolean;
  readonly optimizer?: { readonly ema?: number };
}

/** A checkpoint's averaged weights, or the last ones of a run that kept no average, as an artifact's bytes. */
export function checkpointArtifact(checkpoint: Checkpoint, options: CheckpointArtifactOptions): Promise<Uint8Array> {
  const { config, head, labels, tokenizer, recipe, state } = checkpoint;
  const { name, quantization, metrics = null, threshold } = options;
  const { multiLabel = false, optimizer } =
    (recipe as { readonly recipe?: StoredRecipe } | null)?.recipe ?? ({} as StoredRecipe);
  // Without an average its place in the checkpoint still holds the first weights.
  const params = weightsOf(checkpoint, optimizer?.ema === 0 ? 'parameters' : 'ema');
  const provenance = { recipe: withoutFolders(recipe), step: state.step, tokens: state.tokens };
  const described = { name, config, head, labels, multiLabel, threshold, tokenizer, metrics, provenance };
  return writeArtifact({ ...described, params, quantization });
}

/** The files' names without the folders they lie in: the artifact is published, this machine's paths are not. */
function withoutFolders(recipe: Json): Json {
  if (typeof recipe === 'string') return recipe.split(/[\\/]/).pop() ?? recipe;
  if (Array.isArray(recipe)) return recipe.map(withoutFolders);
  if (recipe === null || typeof recipe !== 'object') return recipe;
  return Object.fromEntries(Object.entries(recipe).map(([name, value]) => [name, withoutFolders(value)]));
}
