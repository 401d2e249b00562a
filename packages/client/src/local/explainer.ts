/** What explaining takes beside answering: a module of its own, loaded when it is first asked for. */
import { type Artifact, Explainer } from '@lacuna/core';
import { compileKernels, makeBrowserBackend } from '@lacuna/core/browser';

/** Throws `backend_unavailable`. */
export async function makeExplainer(artifact: Artifact): Promise<Explainer> {
  return new Explainer(await makeBrowserBackend({ name: 'wasm', module: await compileKernels() }), artifact);
}
