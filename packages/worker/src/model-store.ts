/** Users' models in R2: files that never change under keys of their own, named by an index a model. */
import { type ArtifactHeader, LacunaError, PassingCheck } from '@lacuna/core/inference';
import type { Bucket } from './bindings.ts';
import { within } from './deadline.ts';
import { MAX_HEADER_BYTES, MAX_UPLOAD_MS, MAX_UPLOADS, MAX_VERSIONS } from './limits.ts';
import {
  changeIndex,
  listIndexes,
  type ModelIndex,
  type Precondition,
  readIndex,
  requirePrecondition,
  type StoredVersion,
} from './model-index.ts';
import { requireServable } from './model-memory.ts';
import { sha256Sink } from './runtime-digest.ts';
import { asked } from './storage-call.ts';

declare const FixedLengthStream: new (
  length: number,
) => { readable: ReadableStream<Uint8Array>; writable: WritableStream<Uint8Array> };

/** What an upload became. */
export interface Published {
  readonly version: StoredVersion;
  /** False when this very content was there already. */
  readonly created: boolean;
  readonly index: ModelIndex;
}

export interface Upload {
  readonly body: ReadableStream<Uint8Array>;
  readonly sizeBytes: number;
  readonly description?: string | undefined;
  readonly precondition: Precondition;
}

/** Files that no index names are removed when they are this old: an upload may still be on its way to its index. */
const ORPHAN_AGE_MS = 3_600_000;

export class ModelStore {
  readonly #bucket: Bucket;
  #uploads = 0;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Throws `unavailable` when the storage fails or is slow; so do all methods. */
  index(name: string): Promise<ModelIndex> {
    return asked('models', readIndex(this.#bucket, name));
  }

  list(limit: number, after: string | undefined) {
    return asked('models', listIndexes(this.#bucket, limit, after));
  }

  /**
   * Takes a file in while checking it, and lets it be seen when all of it is there and right. Throws `artifact_*`,
   * `model_too_large`, `precondition_failed`, `conflict`, `timeout`, `unavailable`.
   */
  async publish(name: string, upload: Upload): Promise<Published> {
    if (this.#uploads >= MAX_UPLOADS) throw new LacunaError('unavailable', 'models: too many uploads at once.');
    this.#uploads++;
    try {
      requirePrecondition(name, await this.index(name), upload.precondition);
      const object = `files/${name}/${crypto.randomUUID()}`;
      const header = await this.#takeIn(object, upload);
      try {
        return await this.#announce(name, object, header, upload);
      } catch (error) {
        // When the storage failed, its index may name the file all the same.
        if (!(error instanceof LacunaError && error.code === 'unavailable')) await this.#remove([object]);
        throw error;
      }
    } finally {
      this.#uploads--;
    }
  }

  /** Deletes one version, or all of them. Throws `unknown_model`, `precondition_failed`, `conflict`. */
  async delete(name: string, version: string | undefined, precondition: Precondition): Promise<void> {
    let gone: readonly StoredVersion[] = [];
    await asked(
      'models',
      changeIndex(this.#bucket, name, precondition, (versions) => {
        gone = versions.filter((stored) => version === undefined || stored.version === version);
        if (gone.length === 0) throw unknownVersion(name, version);
        return versions.filter((stored) => !gone.includes(stored));
      }),
    );
    await this.#remove(gone.map(({ object }) => object));
  }

  /** The file of a version. Throws `unknown_model` when it is not there (any more), `artifact_corrupt` for another size. */
  async open(name: string, { object, version, sizeBytes }: StoredVersion): Promise<ReadableStream<Uint8Array>> {
    const found = await asked('models', this.#bucket.get(object));
    if (!found) throw unknownVersion(name, version);
    if (found.size === sizeBytes) return found.body;
    await found.body.cancel();
    throw new LacunaError('artifact_corrupt', `models: expected ${sizeBytes} bytes of ${name}, got ${found.size}.`);
  }

  /** Removes files of uploads that never came to their end. */
  async sweep(name: string): Promise<void> {
    const { versions } = await this.index(name);
    const named = new Set(versions.map(({ object }) => object));
    const { objects } = await asked('models', this.#bucket.list({ prefix: `files/${name}/` }));
    const before = Date.now() - ORPHAN_AGE_MS;
    await this.#remove(
      objects.filter(({ key, uploaded }) => !named.has(key) && uploaded.getTime() < before).map(({ key }) => key),
    );
  }

  /** Streams the file into the bucket past its check; what is wrong is not kept. */
  async #takeIn(object: string, { body, sizeBytes }: Upload): Promise<ArtifactHeader> {
    const sha256 = sha256Sink();
    const check = new PassingCheck({ sizeBytes, maxHeaderBytes: MAX_HEADER_BYTES, sha256, onHeader: requireServable });
    const { readable, writable } = new FixedLengthStream(sizeBytes);
    const stored = this.#bucket.put(object, readable);
    // Seen below; until then nobody waits for it.
    stored.catch(() => {});
    const reader = body.getReader();
    const writer = writable.getWriter();
    // How they end is seen by who reads and writes.
    for (const ended of [reader.closed, writer.closed, writer.ready]) ended.catch(() => {});
    const pump = async () => {
      let held: Uint8Array | undefined;
      for (let step = await reader.read(); !step.done; step = await reader.read()) {
        await check.push(step.value);
        if (held) await writer.write(held);
        held = step.value;
      }
      // The last piece waits for the check's end: the bucket never gets the whole of a file that is wrong.
      const header = await check.finish();
      if (held) await writer.write(held);
      await writer.close();
      await asked('models', stored);
      return header;
    };
    try {
      return await within(pump(), MAX_UPLOAD_MS, () => new LacunaError('timeout', 'models: the upload took too long.'));
    } catch (error) {
      sha256.abort();
      reader.cancel(error).catch(() => {});
      writer.abort(error).catch(() => {});
      if (error instanceof LacunaError) throw error;
      throw new LacunaError('unavailable', 'models: the upload was cut off.', {}, { cause: error });
    }
  }

  async #announce(name: string, object: string, header: ArtifactHeader, upload: Upload): Promise<Published> {
    const added: StoredVersion = {
      version: header.version,
      object,
      sizeBytes: upload.sizeBytes,
      task: header.task,
      labels: [...header.labels],
      quantization: header.quantization,
      createdAt: new Date().toISOString(),
      ...(upload.description === undefined ? {} : { description: upload.description }),
    };
    const index = await asked(
      'models',
      changeIndex(this.#bucket, name, upload.precondition, (versions) => {
        const known = versions.findIndex(({ version }) => version === added.version);
        // The same content again is the latest again; its file stays the one that it was.
        if (known >= 0 && known === versions.length - 1) return versions;
        if (known >= 0) return [...versions.toSpliced(known, 1), versions[known] as StoredVersion];
        if (versions.length < MAX_VERSIONS) return [...versions, added];
        throw new LacunaError('conflict', `models: ${name} has ${MAX_VERSIONS} versions. Delete some first.`, { name });
      }),
    );
    const version = index.versions.find((stored) => stored.version === added.version) as StoredVersion;
    const created = version.object === object;
    if (!created) await this.#remove([object]);
    return { version, created, index };
  }

  /** A file that stays behind is swept later: not removing it fails nobody's request. */
  async #remove(objects: readonly string[]): Promise<void> {
    if (objects.length > 0) await this.#bucket.delete([...objects]).catch(() => {});
  }
}

function unknownVersion(name: string, version: string | undefined): LacunaError {
  const wanted = version === undefined ? name : `${name}@${version}`;
  return new LacunaError('unknown_model', `models: expected a stored model, got ${wanted}.`, { name, version });
}
