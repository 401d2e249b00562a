/** What explaining takes beside answering: a module of its own, loaded when it is first asked for. */
import { compileKernels, makeBrowserBackend } from '@lacuna/core/browser';
import { Explainer } from '@lacuna/core/explain';
import type { Artifact } from '@lacuna/core/inference';

/** Throws `backend_unavailable`. */
export async function makeExplainer(artifact: Artifact): Promise<Explainer> {
  return new Explainer(await makeBrowserBackend({ name: 'wasm', module: await compileKernels() }), artifact);
}
