/** What a model takes of an isolate's memory, and the bound that it is held to. */
import { type ArtifactHeader, LacunaError, servingBytes } from '@lacuna/core/inference';
import { CACHED_WORDS, MODEL_CACHE_BYTES } from './limits.ts';

/** Of a vocabulary's piece and of a word that is kept, in the tokenizer's maps. */
const PIECE_BYTES = 500;
const WORD_BYTES = 200;

/** The kernels' memory grows a quarter at a time, from 2 MB on. */
export function kernelBytes(header: ArtifactHeader): number {
  return Math.max(2 * 2 ** 20, 1.25 * servingBytes(header) + 2 ** 20);
}

export function residentBytes(header: ArtifactHeader): number {
  return kernelBytes(header) + PIECE_BYTES * header.pieces.length + WORD_BYTES * CACHED_WORDS;
}

/** Throws `model_too_large`: a model that does not fit would fail when it is loaded, in others' requests. */
export function requireServable(header: ArtifactHeader): void {
  const bytes = residentBytes(header);
  if (bytes <= MODEL_CACHE_BYTES) return;
  throw new LacunaError(
    'model_too_large',
    `models: a model may take ${MODEL_CACHE_BYTES / 1e6} MB while it serves, got ${Math.ceil(bytes / 1e6)}. ` +
      'Distil it, or train it on shorter texts.',
    { bytes, limit: MODEL_CACHE_BYTES },
  );
}
