/** The model that is tried, loaded in a worker: another one takes its place, and the one before is closed. */
import { type LocalModel, loadModel } from '@lacuna/client/local';
import { signal } from '@preact/signals';
import type { StudioModel } from '../project.ts';

export type Loading =
  | { readonly state: 'none' | 'loading' }
  | { readonly state: 'ready'; readonly of: StudioModel; readonly model: LocalModel }
  | { readonly state: 'failed'; readonly error: unknown };

export class LoadedModel {
  readonly loading = signal<Loading>({ state: 'none' });
  #shown: StudioModel | undefined;

  async show(of: StudioModel | undefined): Promise<void> {
    if (of === this.#shown) return;
    this.#shown = of;
    this.#close();
    this.loading.value = { state: of ? 'loading' : 'none' };
    if (!of) return;
    try {
      const model = await loadModel(await of.artifact());
      if (this.#shown === of) this.loading.value = { state: 'ready', of, model };
      else model.close();
    } catch (error) {
      if (this.#shown === of) this.loading.value = { state: 'failed', error };
    }
  }

  /** Frees the model; the same one can be shown again. */
  close(): void {
    this.#shown = undefined;
    this.#close();
    this.loading.value = { state: 'none' };
  }

  #close(): void {
    if (this.loading.value.state === 'ready') this.loading.value.model.close();
  }
}
