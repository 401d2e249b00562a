/** The backend that the command line chose, as lanes and as bare ops. */
import type { LaneFactory, TrainableOps } from '@lacuna/core';
import { createLanes, createWasmBackend, type LaneBackend, loadKernels, referenceBackend } from '@lacuna/core/node';

export interface BackendChoice {
  readonly backend: 'wasm' | 'reference';
  readonly kernels: 'auto' | 'simd' | 'relaxed';
}

export async function laneFactory(choice: BackendChoice, lanes: number): Promise<LaneFactory> {
  const backend = await laneBackend(choice);
  return (task) => createLanes(task, { lanes, backend });
}

/** For evaluating and answering in this process. */
export async function openBackend(choice: BackendChoice): Promise<TrainableOps> {
  const backend = await laneBackend(choice);
  return backend.name === 'wasm' ? createWasmBackend(backend.module) : referenceBackend();
}

async function laneBackend({ backend, kernels }: BackendChoice): Promise<LaneBackend> {
  return backend === 'wasm' ? { name: 'wasm', module: await loadKernels(kernels) } : { name: 'reference' };
}
