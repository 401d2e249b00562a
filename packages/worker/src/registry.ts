/** Which model a request means: the deployment's own, listed in `models.json`, or a stored one; by name, or `name@version`. */
import { LacunaError, type ModelTask } from '@lacuna/core/inference';
import { z } from 'zod';
import type { Files } from './bindings.ts';
import { BoundedMap } from './bounded-map.ts';
import { MAX_REMEMBERED, STORED_MODEL_TTL_MS } from './limits.ts';
import type { LoadedModel, ModelCache, ModelSource } from './model-cache.ts';
import type { ModelIndex, StoredVersion } from './model-index.ts';
import type { ModelStore } from './model-store.ts';

const Listing = z.object({
  models: z.array(
    z.object({
      /** How requests name it; also the artifact's own name. */
      name: z.string(),
      task: z.enum(['fill-mask', 'text-classification']),
      /** Relative to `models.json`. */
      file: z.string(),
      description: z.string().optional(),
      /** Names the content of the file. */
      version: z.string().optional(),
    }),
  ),
});

export type ListedModel = z.infer<typeof Listing>['models'][number];

/** `name`, `name@latest` or `name@version`. */
export const MODEL_ID = /^([a-z0-9][a-z0-9._-]{0,63})(?:@(latest|[0-9a-f]{16}))?$/;

/** A model that is known to be there, loaded or not. */
export interface ResolvedModel {
  readonly name: string;
  readonly task: ModelTask;
  /** Of the content, where it is known before the file is read. */
  readonly version: string | undefined;
  load(): Promise<LoadedModel>;
}

interface Remembered {
  readonly index: ModelIndex;
  readonly at: number;
}

export class Registry {
  readonly #files: Files;
  readonly #cache: ModelCache;
  /** Undefined where no bucket is bound. */
  readonly store: ModelStore | undefined;
  readonly #keepAlive: (work: Promise<unknown>) => void;
  readonly #indexes = new BoundedMap<Remembered>(MAX_REMEMBERED);
  #listing: Promise<readonly ListedModel[]> | undefined;

  constructor(
    files: Files,
    cache: ModelCache,
    store: ModelStore | undefined,
    keepAlive: (work: Promise<unknown>) => void,
  ) {
    this.#files = files;
    this.#cache = cache;
    this.store = store;
    this.#keepAlive = keepAlive;
  }

  /** The deployment's own models. Throws `unavailable` when it has no readable `models.json`. */
  list(): Promise<readonly ListedModel[]> {
    if (!this.#listing) {
      this.#listing = this.#readListing();
      // Seen to its end; a failure is forgotten, so that the next request tries again.
      const settled = this.#listing.then(undefined, () => {
        this.#listing = undefined;
      });
      this.#keepAlive(settled);
    }
    return this.#listing;
  }

  /**
   * The model `id`, or the first listed for `task`. Throws `unknown_model`, `unsupported_task` when it is of another task
   * than `task`, `unavailable`.
   */
  async resolve(id: string | undefined, task: ModelTask | undefined): Promise<ResolvedModel> {
    const listed = await this.list();
    const [, name = id, version] = MODEL_ID.exec(id ?? '') ?? [];
    const own = listed.find((model) => (id === undefined ? model.task === task : model.name === name));
    const found = own ? this.#own(own, version) : await this.#stored(name, version);
    if (!found) {
      const names = listed.map((model) => model.name).join(', ');
      const wanted = id === undefined ? `a model for ${task}` : JSON.stringify(id);
      const stored = this.store ? ' or a stored one' : '';
      throw new LacunaError('unknown_model', `models: expected one of ${names || '(none)'}${stored}, got ${wanted}.`, {
        id,
      });
    }
    if (task === undefined || found.task === task) return found;
    throw new LacunaError(
      'unsupported_task',
      `${found.name}: expected a model for ${task}, got one for ${found.task}.`,
    );
  }

  /** What is stored under the name, as this isolate last saw it; `fresh` asks again. Throws `unavailable`. */
  async index(name: string, fresh = false): Promise<ModelIndex> {
    const known = this.#indexes.get(name);
    if (known && !fresh && Date.now() - known.at < STORED_MODEL_TTL_MS) return known.index;
    if (!this.store) return { versions: [], etag: undefined };
    try {
      const index = await this.store.index(name);
      this.#indexes.set(name, { index, at: Date.now() });
      return index;
    } catch (error) {
      // Versions do not change: what was there a moment ago can be answered with while the storage is away.
      if (known && !fresh) return known.index;
      throw error;
    }
  }

  /** Figures of the loaded models, by the names that metrics have. */
  gauges(): Record<string, number> {
    const { bytes, size, figures } = this.#cache;
    return {
      lacuna_models_loaded: size,
      lacuna_models_bytes: bytes,
      lacuna_model_loads: figures.loads,
      lacuna_model_load_failures: figures.failures,
      lacuna_model_evictions: figures.evictions,
    };
  }

  /** After a change made here. */
  forget(name: string): void {
    this.#indexes.delete(name);
  }

  /** Whether the file of one of the deployment's own models is there, without reading it. */
  async isLoadable(listed: ListedModel): Promise<'loaded' | 'loading' | 'loadable' | 'missing'> {
    const state = this.#cache.state(sourceKey(listed));
    if (state) return state;
    const response = await this.#files.fetch(addressOf(listed.file)).catch(() => undefined);
    response?.body?.cancel().catch(() => {});
    return response?.ok ? 'loadable' : 'missing';
  }

  /** The file of one of the deployment's own models. Throws when it is not there. */
  async open({ file }: ListedModel): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#files.fetch(addressOf(file));
    if (!response.ok || !response.body) throw new Error(`${file}: status ${response.status}`);
    return response.body;
  }

  #own(listed: ListedModel, version: string | undefined): ResolvedModel | undefined {
    // The deployment has one version of its own models: whatever its file holds.
    if (version !== undefined && version !== 'latest' && version !== listed.version) return undefined;
    const source = { key: sourceKey(listed), version: undefined, open: () => this.open(listed) };
    return { name: listed.name, task: listed.task, version: listed.version, load: () => this.#cache.get(source) };
  }

  async #stored(name: string | undefined, version: string | undefined): Promise<ResolvedModel | undefined> {
    const { store } = this;
    if (!store || name === undefined || !MODEL_ID.test(name)) return undefined;
    const found = findVersion(await this.index(name), version);
    if (!found) return undefined;
    const source: ModelSource = {
      key: `${name}@${found.version}`,
      version: found.version,
      open: () => store.open(name, found),
    };
    const load = () =>
      this.#cache.get(source).catch((error) => {
        // Deleted elsewhere meanwhile: look again when asked again.
        if (error instanceof LacunaError && error.code === 'unknown_model') this.forget(name);
        throw error;
      });
    return { name, task: found.task, version: found.version, load };
  }

  async #readListing(): Promise<readonly ListedModel[]> {
    try {
      const response = await this.#files.fetch(addressOf('models.json'));
      if (!response.ok) throw new Error(`models.json: status ${response.status}`);
      return Listing.parse(await response.json()).models;
    } catch (cause) {
      throw new LacunaError('unavailable', 'models: models.json cannot be read. Try again later.', {}, { cause });
    }
  }
}

export function findVersion(index: ModelIndex, version: string | undefined): StoredVersion | undefined {
  if (version === undefined || version === 'latest') return index.versions.at(-1);
  return index.versions.find((stored) => stored.version === version);
}

const sourceKey = ({ file }: ListedModel) => file;
const addressOf = (file: string) => new URL(file, 'https://assets.local/').href;
