/** On what a run trains: the backend and lanes that were asked for, or the fastest that there is. */
import type { BackendReport } from '@lacuna/core';
import type { BrowserBackend } from '@lacuna/core/browser';
import {
  createBrowserLanes,
  hasSharedMemory,
  LacunaError,
  type LaneFactory,
  type ModelConfig,
} from '@lacuna/core/browser-training';
import type { MachineEvent } from './events.ts';
import type { BackendName, MachineOptions } from './options.ts';

export interface Machine {
  readonly makeLanes: LaneFactory;
  readonly event: MachineEvent;
}

const MOST_LANES = 4;

/** `kernels` serve the `wasm` backend. Throws `backend_unavailable`, `invalid_argument`, `aborted`. */
export async function chooseMachine(
  { backend = 'auto', lanes, wasmPaths }: MachineOptions,
  config: ModelConfig,
  kernels: WebAssembly.Module,
  signal: AbortSignal,
): Promise<Machine> {
  const shared = hasSharedMemory();
  const wasmLanes = lanes ?? Math.max(1, Math.min(MOST_LANES, (navigator.hardwareConcurrency ?? 2) - 1));
  const make = (name: BackendName): LaneFactory => {
    const count = name === 'wasm' ? wasmLanes : 1;
    const described = description(name, kernels, wasmPaths);
    return (task) => createBrowserLanes(task, { lanes: count, backend: described, shared });
  };
  const machine = (name: BackendName, why: string, report?: BackendReport): Machine => {
    const count = name === 'wasm' ? wasmLanes : 1;
    const exchange = count === 1 ? 'none' : shared ? 'shared memory' : 'copies';
    const { timings = [], unavailable = [] } = report ?? {};
    const reason = `${why} ${EXCHANGE_REASONS[exchange]}`;
    return {
      makeLanes: make(name),
      event: { type: 'machine', backend: name, lanes: count, exchange, reason, timings, unavailable },
    };
  };
  if (backend !== 'auto') return machine(backend, `${backend} was asked for.`);
  const names: BackendName[] = ['wasm'];
  const hasGpu = (await navigator.gpu?.requestAdapter().catch(() => null)) != null;
  if (hasGpu) names.push('webgpu');
  if (wasmPaths !== undefined) names.push('tfjs-wasm');
  if (names.length === 1) return machine('wasm', 'WebAssembly is what there is: the browser offers no WebGPU adapter.');
  const candidates = names.map((name) => ({ name, makeLanes: make(name) }));
  const { chooseBackend } = await import('./more.ts');
  const report = await chooseBackend(config, { candidates, signal });
  return machine(report.chosen as BackendName, `${report.chosen} took the least time for a step.`, report);
}

const EXCHANGE_REASONS = {
  none: 'One lane has nothing to pass.',
  'shared memory': 'The page is cross-origin isolated, so lanes sum their gradients in shared memory.',
  copies:
    'The page is not cross-origin isolated, so lanes post copies of their gradients. Serve it with ' +
    'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp to share memory.',
} as const;

function description(name: BackendName, module: WebAssembly.Module, wasmPaths: string | undefined): BrowserBackend {
  if (name === 'wasm') return { name, module };
  if (name === 'webgpu') return { name };
  if (wasmPaths !== undefined) return { name, wasmPaths };
  throw new LacunaError(
    'invalid_argument',
    'trainer: expected wasmPaths with the backend "tfjs-wasm", got none. It says where its .wasm files are served.',
    { backend: name },
  );
}
