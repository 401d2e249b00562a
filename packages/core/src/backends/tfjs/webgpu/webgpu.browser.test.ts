import { describe, expect, it } from 'vitest';
import { CONFIGS, validateConfig } from '../../../model/config.ts';
import { inlineLanes } from '../../../training/lanes.ts';
import { PRETRAIN_RECIPE, type PretrainOptions, pretrain } from '../../../training/pretrain.ts';
import type { TrainingState } from '../../../training/state.ts';
import { CountingWindows, TOY_CONFIG, TOY_VOCABULARY } from '../../../training/toy-data.ts';
import { chooseBackend } from '../../choose.ts';
import { apart, trainingLosses } from '../../conformance-training.ts';
import { createWasmBackend } from '../../wasm/training.ts';
import type { WebgpuBackend } from './backend.ts';
import { createWebgpuBackend, type GpuBackend } from './load.ts';
import { describeWebgpu } from './webgpu-conformance.ts';

const kernels = WebAssembly.compileStreaming(fetch(new URL('../../../../kernels/relaxed.wasm', import.meta.url)));
const webgpu = () => createWebgpuBackend(navigator.gpu);

describeWebgpu(navigator.gpu);

describe('twenty steps of training on webgpu', () => {
  const ours = kernels.then((module) => trainingLosses(createWasmBackend(module)));

  it.each([
    { halves: false, subgroups: true },
    { halves: true, subgroups: false },
  ])('have the losses of wasm within 1e-3 with %o', async (options) => {
    const losses = await trainingLosses(await createWebgpuBackend(navigator.gpu, options));
    expect(apart(losses, await ours)).toBeLessThan(1e-3);
  });
});

/** The toy run, on a backend that the test holds. */
function toyRun(ops: GpuBackend, steps: number, more: Partial<PretrainOptions> = {}) {
  const recipe = { ...PRETRAIN_RECIPE, budget: { steps }, batchTokens: 24, length: 12, seed: 7, learningRate: 5e-3 };
  return pretrain({
    config: TOY_CONFIG,
    recipe,
    vocabulary: TOY_VOCABULARY,
    openWindows: (state) => new CountingWindows(recipe.seed, state),
    makeLanes: async (task) => inlineLanes(ops, task),
    ...more,
  });
}

describe('a long run on webgpu', () => {
  it('holds no more memory after 500 steps than after 50, and reads back once in ten', async () => {
    const ops = await webgpu();
    const bytes = new Map<number, number>();
    const reports: number[] = [];
    const before = ops.counts.readbacks;
    for await (const event of toyRun(ops, 500)) {
      if (event.type !== 'progress') continue;
      bytes.set(event.step, ops.memoryBytes());
      reports.push(event.step);
    }
    expect(reports).toEqual(Array.from({ length: 50 }, (_, i) => 10 * (i + 1)));
    // One a report; the checkpoint at the end reads parameters, both moments and the average when it is asked to.
    expect(ops.counts.readbacks - before).toBe(50);
    expect(bytes.get(500)).toBeLessThanOrEqual((bytes.get(50) as number) * 1.02);
  });
});

describe('a GPU that is lost', () => {
  it('ends the run with device_lost, and the run goes on from its checkpoint on wasm', async () => {
    const ops = await webgpu();
    let saved: TrainingState | undefined;
    const run = async () => {
      for await (const event of toyRun(ops, 60, { checkpointEvery: { steps: 20 } })) {
        if (event.type === 'checkpoint' && event.step === 20) {
          saved = await event.state();
          (ops as WebgpuBackend).gpu.device.destroy();
        }
      }
    };
    await expect(run()).rejects.toMatchObject({ code: 'device_lost' });
    expect(saved?.step).toBe(20);
    const module = await kernels;
    const steps: number[] = [];
    for await (const event of toyRun(ops, 24, {
      makeLanes: async (task) => inlineLanes(createWasmBackend(module), task),
      ...(saved ? { resume: saved } : {}),
    })) {
      if (event.type === 'progress') steps.push(event.step);
    }
    expect(steps).toEqual([21, 22, 23, 24]);
  });
});

describe('the choice in a browser', () => {
  it('times webgpu and wasm on the model, and says what the page lacks', async () => {
    const module = await kernels;
    const report = await chooseBackend(validateConfig(CONFIGS.tiny), {
      candidates: [
        { name: 'wasm', makeLanes: async (task) => inlineLanes(createWasmBackend(module), task) },
        { name: 'webgpu', makeLanes: async (task) => inlineLanes(await webgpu(), task) },
        {
          name: 'webgpu without WebGPU',
          makeLanes: async (task) => inlineLanes(await createWebgpuBackend(undefined), task),
        },
      ],
      tokens: 64,
      milliseconds: 1,
    });
    // On an adapter by software our kernels win.
    expect([report.chosen, report.timings.map(({ name }) => name)]).toEqual(['wasm', ['wasm', 'webgpu']]);
    expect(report.unavailable).toEqual([
      { name: 'shared memory', reason: expect.stringContaining('cross-origin isolated') },
      { name: 'webgpu without WebGPU', reason: expect.stringContaining('there is no WebGPU here') },
    ]);
  });
});

describe('a model that is too large for the adapter', () => {
  it('is refused with the limit, what it needs and what there is', async () => {
    const ops = await webgpu();
    const limit = (ops as WebgpuBackend).gpu.device.limits.maxStorageBufferBindingSize;
    expect(() => ops.group({ table: [limit / 4 + 1] })).toThrow(
      expect.objectContaining({
        code: 'out_of_memory',
        facts: { limit: 'maxStorageBufferBindingSize', need: limit + 256, got: limit },
      }),
    );
    ops.close();
  });
});
