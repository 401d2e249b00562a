/** A training step on one of the backends over TensorFlow.js, to stand beside our kernels' own. */
import { inlineLanes, type SampleShape, type TrainableOps } from '@lacuna/core';
import {
  dawnGpu,
  type GpuBackend,
  loadTfjsWasmBackend,
  loadUnfusedWebgpuBackend,
  loadWebgpuBackend,
} from '@lacuna/core/node';
import { prepare } from './training-step.ts';

export const OTHER_BACKENDS = ['tfjs-wasm', 'webgpu'] as const;
export type OtherName = (typeof OTHER_BACKENDS)[number];

export interface OtherBackend {
  readonly name: OtherName;
  readonly tokensPerSecond: number;
  /** Its time over ours, the median of the rounds. */
  readonly ratio: number;
  readonly gpu?: GpuFacts;
}

export interface GpuFacts {
  readonly adapter: string;
  /** Programs a step starts; the same step composed of TensorFlow.js's kernels; the first over the second. */
  readonly dispatches: number;
  readonly unfusedDispatches: number;
  readonly dispatchRatio: number;
  /** Times that ten steps in a row read something back. */
  readonly readbacksInTenSteps: number;
  readonly memoryBytes: number;
}

export interface PreparedOther {
  readonly step: () => Promise<number>;
  facts(): Promise<Pick<OtherBackend, 'name' | 'gpu'>>;
  close(): Promise<void>;
}

export async function prepareOther(shape: SampleShape, name: OtherName): Promise<PreparedOther> {
  const ops = name === 'webgpu' ? await loadWebgpuBackend() : await loadTfjsWasmBackend();
  const lanes = inlineLanes(ops, { kind: 'masked', config: shape.config });
  const { step, batch, options } = await prepare(shape, lanes);
  return {
    step,
    facts: async () => ({
      name,
      ...('counts' in ops
        ? { gpu: await gpuFacts(shape, ops as GpuBackend, async () => lanes.ahead?.step(batch, options())) }
        : {}),
    }),
    close: () => lanes.close(),
  };
}

async function gpuFacts(shape: SampleShape, ops: GpuBackend, ahead: () => Promise<void>): Promise<GpuFacts> {
  const before = { ...pick(ops) };
  for (let i = 0; i < 10; i++) await ahead();
  const after = pick(ops);
  const dispatches = (after.dispatches - before.dispatches) / 10;
  const unfusedDispatches = await unfused(shape);
  return {
    adapter: await gpuAdapter(),
    dispatches,
    unfusedDispatches,
    dispatchRatio: dispatches / unfusedDispatches,
    readbacksInTenSteps: after.readbacks - before.readbacks,
    memoryBytes: ops.memoryBytes(),
  };
}

/** The adapter by its own words. Throws `backend_unavailable` where there is no WebGPU. */
export async function gpuAdapter(): Promise<string> {
  const info = (await (await dawnGpu()).requestAdapter())?.info;
  return [info?.vendor, info?.architecture, info?.description].filter(Boolean).join(' ');
}

const pick = ({ counts: { dispatches, readbacks } }: GpuBackend) => ({ dispatches, readbacks });

/** How many programs a step starts without ours. It makes its checked first steps, too: their loss must be right. */
async function unfused(shape: SampleShape): Promise<number> {
  const ops: GpuBackend & TrainableOps = await loadUnfusedWebgpuBackend();
  const lanes = inlineLanes(ops, { kind: 'masked', config: shape.config });
  try {
    const { step } = await prepare(shape, lanes);
    const before = ops.counts.dispatches;
    await step();
    return ops.counts.dispatches - before;
  } finally {
    await lanes.close();
  }
}
