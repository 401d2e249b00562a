/** An artifact's bytes in a worker, from what a page posted. */
import { LacunaError } from '@lacuna/core/errors';

export type PostedModel = string | Blob | Uint8Array;

/** Throws `network`. */
export async function modelBytes(source: PostedModel): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  const response = await fetch(source).catch((cause: Error) => {
    throw new LacunaError('network', `model: cannot be loaded: ${cause.message}.`, { url: source }, { cause });
  });
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  throw new LacunaError('network', `model: expected 200 from ${source}, got ${response.status}.`, {
    url: source,
    status: response.status,
  });
}
