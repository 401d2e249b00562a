/** Lanes in worker threads on the WASM backend: the sum of their gradients is the whole batch's, whoever comes first. */
import { afterEach, describe, expect, it } from 'vitest';
import { ADAMW } from '../optim/adamw.ts';
import type { LaneGroup } from './lanes.ts';
import { createLanes } from './lanes-node.ts';
import { MaskedBatches } from './masked-batches.ts';
import { PRETRAIN_RECIPE, pretrain } from './pretrain.ts';
import { freshReplica, type Json } from './state.ts';
import type { MaskedTask } from './task.ts';
import { wasmLanes } from './testing.ts';
import { CountingWindows, TOY_CONFIG, TOY_VOCABULARY } from './toy-data.ts';

const recipe = {
  ...PRETRAIN_RECIPE,
  seed: 3,
  budget: { steps: 10 },
  batchTokens: [96, 168],
  length: 12,
  learningRate: 5e-3,
} as const;

interface Run {
  readonly losses: number[];
  readonly gradientNorms: number[];
  readonly parameters: Float32Array;
  readonly ema: Float32Array;
}

/** Ten steps with `lanes` lanes over the same global batches. */
async function run(lanes: number, dropout = 0, shared = true): Promise<Run> {
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  const events = pretrain({
    config: TOY_CONFIG,
    recipe: { ...recipe, dropout },
    vocabulary: TOY_VOCABULARY,
    openWindows: (state: Json | undefined) => new CountingWindows(recipe.seed, state),
    makeLanes: wasmLanes(lanes, shared),
  });
  for await (const event of events) {
    if (event.type === 'progress') {
      losses.push(event.loss);
      gradientNorms.push(event.gradientNorm);
    }
    if (event.type === 'checkpoint') {
      const { parameters, ema } = await event.state();
      return { losses, gradientNorms, parameters, ema };
    }
  }
  throw new Error('the run ended without a checkpoint');
}

/** The largest |a − b| / |b|. */
const relativeDifference = (a: readonly number[], b: readonly number[]) =>
  Math.max(...b.map((expected, i) => Math.abs((a[i] as number) - expected) / Math.abs(expected)));

describe('lanes in threads', () => {
  it.each([2, 3])('%d of them have one lane’s losses and gradient norms over 10 steps', async (lanes) => {
    const one = await run(1);
    const several = await run(lanes);
    expect(one.losses).toHaveLength(10);
    expect(one.losses.at(-1)).toBeLessThan(one.losses[0] as number);
    expect(relativeDifference(several.losses, one.losses)).toBeLessThan(1e-4);
    expect(relativeDifference(several.gradientNorms, one.gradientNorms)).toBeLessThan(1e-4);
  });

  it.each([2, 3])('%d of them give the same bits twice, dropout included', async (lanes) => {
    const first = await run(lanes, 0.1);
    expect(await run(lanes, 0.1)).toEqual(first);
    expect((await run(lanes)).losses).not.toEqual(first.losses);
  });

  it.each([2, 3])('%d of them give the same bits whether gradients are shared or posted', async (lanes) => {
    expect(await run(lanes, 0.1, false)).toEqual(await run(lanes, 0.1));
  });
});

describe('a lane that fails', () => {
  const task: MaskedTask = { kind: 'masked', config: TOY_CONFIG };
  const open: LaneGroup[] = [];
  afterEach(() => Promise.all(open.splice(0).map((group) => group.close())));

  it.each([2, 3])(
    'of %d ends the step with lane_failed, names itself and keeps the others from hanging',
    async (lanes) => {
      const group = await wasmLanes(lanes)(task);
      open.push(group);
      await group.write(freshReplica(TOY_CONFIG, 1));
      const { batch } = await new MaskedBatches(new CountingWindows(2), TOY_VOCABULARY, recipe).next(0);
      if (batch.kind !== 'masked') throw new Error('expected gaps');
      const labels = batch.labels.slice();
      labels[labels.length - 1] = TOY_CONFIG.vocabSize + 7; // in the last lane's share: no such piece
      const options = { step: 1, learningRate: 1e-3, optimizer: ADAMW, seed: 1, passTokens: 4096 };
      const failed = { code: 'lane_failed', facts: { lane: lanes - 1, secondary: false } };
      await expect(group.step({ ...batch, labels }, options)).rejects.toMatchObject(failed);
      await expect(group.step(batch, options)).rejects.toMatchObject({ code: 'lane_failed' });
    },
  );

  it('to start, for kernels that are none, gives lane_failed at the first request and at the next', async () => {
    const module = await WebAssembly.compile(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const group = await createLanes(task, { lanes: 2, backend: { name: 'wasm', module } });
    open.push(group);
    await expect(group.write(freshReplica(TOY_CONFIG, 1))).rejects.toMatchObject({ code: 'lane_failed' });
    await expect(group.read()).rejects.toMatchObject({ code: 'lane_failed' });
  });
});
