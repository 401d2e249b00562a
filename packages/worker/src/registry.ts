/** The models of a deployment: listed in `models.json`, loaded when first asked for, kept for the isolate's life. */
import {
  createWasmInference,
  LacunaError,
  loadModel,
  type Model,
  type ModelTask,
  readArtifact,
} from '@lacuna/core/inference';
import { z } from 'zod';

const Listing = z.object({
  models: z.array(
    z.object({
      /** How requests name it; also the artifact's own name. */
      name: z.string(),
      task: z.enum(['fill-mask', 'text-classification']),
      /** Relative to `models.json`. */
      file: z.string(),
      description: z.string().optional(),
    }),
  ),
});

export type ListedModel = z.infer<typeof Listing>['models'][number];

/** Where files come from: the static assets' binding, or a test's own. */
export interface Files {
  fetch(url: string): Promise<Response>;
}

export class Registry {
  readonly #files: Files;
  readonly #ops: ReturnType<typeof createWasmInference>;
  readonly #loaded = new Map<string, Promise<Model>>();
  readonly #keepAlive: (work: Promise<unknown>) => void;
  #listing: Promise<readonly ListedModel[]> | undefined;

  /**
   * `kernels`: the compiled `inference-relaxed.wasm`, or any build. `keepAlive`: the runtime's `waitUntil`. A load that one
   * request began is awaited by others, so it must end although that request's client goes away.
   */
  constructor(files: Files, kernels: WebAssembly.Module, keepAlive: (work: Promise<unknown>) => void = () => {}) {
    this.#files = files;
    this.#ops = createWasmInference(kernels);
    this.#keepAlive = keepAlive;
  }

  /** Throws `unavailable` when the deployment has no readable `models.json`. */
  list(): Promise<readonly ListedModel[]> {
    if (!this.#listing) {
      this.#listing = this.#readListing();
      this.#settle(this.#listing, () => {
        this.#listing = undefined;
      });
    }
    return this.#listing;
  }

  /** The model called `name`; without a name the first listed for `task`. Throws `unknown_model`, `unavailable`. */
  async get(name: string | undefined, task: ModelTask): Promise<Model> {
    const models = await this.list();
    const listed = models.find((model) => (name === undefined ? model.task === task : model.name === name));
    if (!listed) {
      const wanted = name === undefined ? `a model for ${task}` : JSON.stringify(name);
      const names = models.map((model) => model.name).join(', ');
      throw new LacunaError('unknown_model', `models: expected one of ${names || '(none)'}, got ${wanted}.`, {
        name,
        task,
      });
    }
    let loading = this.#loaded.get(listed.file);
    if (!loading) {
      loading = this.#load(listed);
      this.#loaded.set(listed.file, loading);
      this.#settle(loading, () => this.#loaded.delete(listed.file));
    }
    return loading;
  }

  /** Sees `work` to its end; a failure is forgotten, so that the next request tries again. */
  #settle(work: Promise<unknown>, forget: () => void): void {
    this.#keepAlive(work.then(undefined, forget));
  }

  async #load({ file }: ListedModel): Promise<Model> {
    try {
      return loadModel(this.#ops, await readArtifact(new Uint8Array(await this.#bytes(file))));
    } catch (cause) {
      throw new LacunaError('unavailable', `models: ${file} cannot be loaded. Try again later.`, { file }, { cause });
    }
  }

  async #readListing(): Promise<readonly ListedModel[]> {
    try {
      const bytes = await this.#bytes('models.json');
      return Listing.parse(JSON.parse(new TextDecoder().decode(bytes))).models;
    } catch (cause) {
      throw new LacunaError('unavailable', 'models: models.json cannot be read. Try again later.', {}, { cause });
    }
  }

  async #bytes(file: string): Promise<ArrayBuffer> {
    const response = await this.#files.fetch(new URL(file, 'https://assets.local/').href);
    if (!response.ok) throw new Error(`${file}: status ${response.status}`);
    return response.arrayBuffer();
  }
}
