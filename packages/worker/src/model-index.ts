/**
 * What is stored of one model: an index, `index/<name>.json`, that names its versions' files. The index is replaced as a
 * whole and only if nobody replaced it meanwhile, so a version is there with all that belongs to it, or not at all.
 * The index of a deleted model stays, without versions: deleting the object could take a newer one's place with it.
 */
import { LacunaError } from '@lacuna/core/errors';
import { z } from 'zod';
import type { Bucket } from './bindings.ts';

const StoredVersion = z.object({
  /** Names the content: the first digits of the artifact's seal. */
  version: z.string(),
  /** The file's key in the bucket. */
  object: z.string(),
  sizeBytes: z.number(),
  task: z.enum(['fill-mask', 'text-classification']),
  labels: z.array(z.string()),
  quantization: z.enum(['int8', 'none']),
  createdAt: z.string(),
  description: z.string().optional(),
});
const Index = z.object({ versions: z.array(StoredVersion) });

export type StoredVersion = z.infer<typeof StoredVersion>;

export interface ModelIndex {
  /** Oldest first; the last one is the latest. */
  readonly versions: readonly StoredVersion[];
  /** As HTTP writes it; changes with every change. Undefined where there was never a model of the name. */
  readonly etag: string | undefined;
}

/** What a request says about the index that it wants to change. */
export interface Precondition {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

const PREFIX = 'index/';
const ATTEMPTS = 8;

const keyOf = (name: string) => `${PREFIX}${name}.json`;

export async function readIndex(bucket: Bucket, name: string): Promise<ModelIndex> {
  const object = await bucket.get(keyOf(name));
  if (!object) return { versions: [], etag: undefined };
  return { ...Index.parse(JSON.parse(await object.text())), etag: object.httpEtag };
}

/**
 * Replaces the versions by what `change` makes of them, as often as somebody else was faster. `change` may give the very
 * list that it got: then nothing is written. Throws `precondition_failed`, `conflict`.
 */
export async function changeIndex(
  bucket: Bucket,
  name: string,
  precondition: Precondition,
  change: (versions: readonly StoredVersion[]) => readonly StoredVersion[],
): Promise<ModelIndex> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = await readIndex(bucket, name);
    requirePrecondition(name, found, precondition);
    const versions = change(found.versions);
    if (versions === found.versions) return found;
    const latest = versions.at(-1);
    const stored = await bucket.put(keyOf(name), JSON.stringify({ versions }), {
      onlyIf: found.etag === undefined ? { etagDoesNotMatch: '*' } : { etagMatches: unquoted(found.etag) },
      // What a listing shows, so that it need not open every index.
      customMetadata: latest
        ? { version: latest.version, task: latest.task, description: (latest.description ?? '').slice(0, 200) }
        : {},
    });
    if (stored) return { versions, etag: stored.httpEtag };
  }
  throw new LacunaError('conflict', `models: ${name} is being changed by others. Try again.`, { name });
}

/** Throws `precondition_failed`. */
export function requirePrecondition(name: string, index: ModelIndex, { ifMatch, ifNoneMatch }: Precondition): void {
  const exists = index.versions.length > 0;
  const matches = (given: string) => exists && (given === '*' || listed(given).includes(index.etag ?? ''));
  const holds = (ifMatch === undefined || matches(ifMatch)) && (ifNoneMatch === undefined || !matches(ifNoneMatch));
  if (holds) return;
  throw new LacunaError(
    'precondition_failed',
    `models: ${name} is not in the state that the request expects. GET it for its ETag.`,
    { name },
  );
}

export interface ListedIndex {
  readonly name: string;
  readonly version: string;
  readonly task: string;
  readonly description: string;
}

/** A page of the models that have a version, by name; fewer than `limit` where some were deleted. */
export async function listIndexes(
  bucket: Bucket,
  limit: number,
  after: string | undefined,
): Promise<{ readonly models: readonly ListedIndex[]; readonly next: string | undefined }> {
  const page = await bucket.list({
    prefix: PREFIX,
    limit,
    include: ['customMetadata'],
    ...(after === undefined ? {} : { startAfter: keyOf(after) }),
  });
  const named = page.objects.map(({ key, customMetadata: { version, task = '', description = '' } = {} }) => {
    const name = key.slice(PREFIX.length, -'.json'.length);
    return { name, version, task, description };
  });
  const models = named.flatMap(({ version, ...model }) => (version ? [{ ...model, version }] : []));
  return { models, next: page.truncated ? named.at(-1)?.name : undefined };
}

const listed = (tags: string) => tags.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
const unquoted = (etag: string) => etag.replaceAll('"', '');
