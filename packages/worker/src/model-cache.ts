/**
 * The loaded models of an isolate: each loaded once however many ask for it, one load at a time, and never more of them
 * than fit. The one that was asked for longest ago goes first; a request that still uses it keeps it until it is done.
 */
import {
  type Artifact,
  createWasmInference,
  LacunaError,
  loadModel,
  type Model,
  readArtifact,
} from '@lacuna/core/inference';
import { within } from './deadline.ts';
import { CACHED_WORDS, MAX_LOAD_MS, MAX_LOAD_WAIT_MS, MODEL_CACHE_BYTES } from './limits.ts';
import { kernelBytes, requireServable, residentBytes } from './model-memory.ts';

export interface LoadedModel {
  readonly model: Model;
  /** Names the content that was loaded. */
  readonly version: string;
}

export interface ModelSource {
  /** Names what is loaded: the same key, the same bytes. */
  readonly key: string;
  /** What the file must be; unchecked where it is not known. */
  readonly version: string | undefined;
  open(): Promise<ReadableStream<Uint8Array>>;
}

interface Entry {
  readonly loading: Promise<LoadedModel>;
  /** 0 until it is loaded. */
  bytes: number;
}

export interface CacheFigures {
  loads: number;
  failures: number;
  evictions: number;
}

export class ModelCache {
  /** In the order in which they were last asked for. */
  readonly #entries = new Map<string, Entry>();
  readonly #kernels: WebAssembly.Module;
  readonly #keepAlive: (work: Promise<unknown>) => void;
  readonly #limitBytes: number;
  readonly figures: CacheFigures = { loads: 0, failures: 0, evictions: 0 };
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * `kernels`: the compiled `inference-relaxed.wasm`, or any build. `keepAlive`: the runtime's `waitUntil`. A load that one
   * request began is awaited by others, so it must end although that request's client goes away.
   */
  constructor(
    kernels: WebAssembly.Module,
    keepAlive: (work: Promise<unknown>) => void,
    limitBytes: number = MODEL_CACHE_BYTES,
  ) {
    this.#kernels = kernels;
    this.#keepAlive = keepAlive;
    this.#limitBytes = limitBytes;
  }

  /** Throws `unavailable` when it cannot be loaded, `model_loading` when that takes long: it goes on. */
  get(source: ModelSource): Promise<LoadedModel> {
    const entry = this.#entries.get(source.key) ?? this.#begin(source);
    this.#entries.delete(source.key);
    this.#entries.set(source.key, entry);
    if (entry.bytes > 0) return entry.loading;
    return within(entry.loading, MAX_LOAD_WAIT_MS, () => {
      const message = `models: ${source.key} is still loading. Try again in a moment.`;
      return new LacunaError('model_loading', message, { model: source.key });
    });
  }

  state(key: string): 'loaded' | 'loading' | undefined {
    const entry = this.#entries.get(key);
    return entry && (entry.bytes > 0 ? 'loaded' : 'loading');
  }

  get bytes(): number {
    return [...this.#entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get size(): number {
    return this.#entries.size;
  }

  #begin(source: ModelSource): Entry {
    const entry: Entry = { loading: this.#obtain(source, () => entry), bytes: 0 };
    const settled = entry.loading.then(undefined, () => {
      // Forgotten, so that the next request tries again.
      if (this.#entries.get(source.key) === entry) this.#entries.delete(source.key);
    });
    this.#keepAlive(settled);
    return entry;
  }

  async #obtain({ key, version, open }: ModelSource, entryOf: () => Entry): Promise<LoadedModel> {
    try {
      const late = () => new Error(`no whole file within ${MAX_LOAD_MS} ms`);
      // Waiting for a file to begin holds nobody up; only one is in memory at a time.
      const stream = await within(open(), MAX_LOAD_MS, late);
      return await this.#inTurn(async () => {
        const artifact = await readArtifact(new Uint8Array(await within(wholeFile(stream), MAX_LOAD_MS, late)));
        if (version !== undefined && artifact.version !== version) {
          throw new LacunaError('artifact_corrupt', `models: expected version ${version}, got ${artifact.version}.`);
        }
        return this.#load(artifact, entryOf());
      });
    } catch (cause) {
      this.figures.failures++;
      // Deleted between being found and being opened.
      if (cause instanceof LacunaError && cause.code === 'unknown_model') throw cause;
      throw new LacunaError('unavailable', `models: ${key} cannot be loaded. Try again later.`, { key }, { cause });
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(work);
    this.#turn = run.catch(() => {});
    return run;
  }

  #load(artifact: Artifact, entry: Entry): LoadedModel {
    requireServable(artifact);
    const bytes = residentBytes(artifact);
    this.#makeRoom(bytes);
    const model = loadModel(createWasmInference(this.#kernels, kernelBytes(artifact)), artifact, CACHED_WORDS);
    entry.bytes = bytes;
    this.figures.loads++;
    return { model, version: artifact.version };
  }

  #makeRoom(needed: number): void {
    for (const [key, { bytes }] of this.#entries) {
      if (this.bytes + needed <= this.#limitBytes) return;
      if (bytes === 0) continue;
      this.#entries.delete(key);
      this.figures.evictions++;
    }
  }
}

/** By the runtime itself: reading thousands of pieces here would take longer than all the rest of a load. */
const wholeFile = (stream: ReadableStream<Uint8Array>) => new Response(stream).arrayBuffer();
