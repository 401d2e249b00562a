/** The backend that the command line chose, as lanes and as bare ops. */
import { type BackendReport, chooseBackend, type LaneFactory, type ModelConfig, type TrainableOps } from '@lacuna/core';
import { createLanes, type LaneBackend, loadKernels, makeBackend } from '@lacuna/core/node';
import type { Session } from './command.ts';
import { formatQuantity } from './quantity.ts';

export type BackendName = 'wasm' | 'webgpu' | 'tfjs-wasm' | 'reference';

export interface BackendOptions {
  readonly backend: BackendName | 'auto';
  readonly kernels: 'auto' | 'simd' | 'relaxed';
}

export interface LaneChoice {
  readonly makeLanes: LaneFactory;
  readonly backend: BackendName;
  readonly lanes: number;
  /** What `auto` measured. */
  readonly report?: BackendReport;
}

/** Lanes on the named backend; `auto` times a step of the model on each and says what it found. */
export async function chooseLanes(
  options: BackendOptions & { readonly lanes: number },
  config: ModelConfig,
  { progress, signal }: Session,
): Promise<LaneChoice> {
  const { kernels, lanes } = options;
  const choice = async (backend: BackendName, count: number): Promise<LaneChoice> => {
    const description = await laneBackend(backend, kernels);
    return { makeLanes: (task) => createLanes(task, { lanes: count, backend: description }), backend, lanes: count };
  };
  if (options.backend !== 'auto') return choice(options.backend, lanes);
  const choices = [await choice('wasm', lanes), await choice('webgpu', 1), await choice('tfjs-wasm', 1)];
  const candidates = choices.map(({ backend, makeLanes }) => ({ name: backend, makeLanes }));
  const report = await chooseBackend(config, { candidates, signal });
  for (const { name, stepMs, tokensPerSecond } of report.timings) {
    progress.note(`backend ${name}: ${stepMs.toFixed(0)} ms a step, ${formatQuantity(tokensPerSecond)} tokens/s`);
  }
  for (const { name, reason } of report.unavailable) progress.note(`not used: ${name} (${reason})`);
  progress.note(`backend: ${report.chosen}`);
  return { ...(choices.find(({ backend }) => backend === report.chosen) as LaneChoice), report };
}

/** Throws `backend_unavailable` where the named backend is not here: before work is done that would be for nothing. */
export async function expectBackend({ backend, kernels }: BackendOptions): Promise<void> {
  if (backend === 'auto') return;
  (await makeBackend(await laneBackend(backend, kernels))).close?.();
}

/** For evaluating and answering in this process, where there is nothing to choose. */
export async function openBackend({ backend, kernels }: BackendOptions): Promise<TrainableOps> {
  return makeBackend(await laneBackend(backend === 'auto' ? 'wasm' : backend, kernels));
}

async function laneBackend(name: BackendName, kernels: BackendOptions['kernels']): Promise<LaneBackend> {
  return name === 'wasm' ? { name, module: await loadKernels(kernels) } : { name };
}
