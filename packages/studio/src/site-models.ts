/** The models that the site ships, as models at hand: their files are fetched when they are asked for. */
import { LacunaError } from '@lacuna/core/errors';
import type { StudioModel } from './project.ts';

/** What the build found in a model's file. */
export interface SiteModel extends Omit<StudioModel, 'id' | 'artifact' | 'teacherId' | 'metrics'> {
  /** Its name among the site's files. */
  readonly file: string;
}

export function fromSite({ file, ...described }: SiteModel): StudioModel {
  return { ...described, id: `site:${described.name}`, artifact: () => fetched(`/${file}`) };
}

/** Throws `network`. */
async function fetched(url: string): Promise<Blob> {
  const response = await fetch(url).catch((cause: Error) => {
    throw new LacunaError('network', `${url}: cannot be loaded: ${cause.message}.`, { url }, { cause });
  });
  if (response.ok) return response.blob();
  throw new LacunaError('network', `${url}: expected 200, got ${response.status}.`, { url, status: response.status });
}
