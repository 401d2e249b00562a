/** A run takes its memory in the first steps and none after them. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import type { LaneGroup } from './lanes.ts';
import { heldOutBatches } from './masked-batches.ts';
import { PRETRAIN_RECIPE, pretrain } from './pretrain.ts';
import { wasmLanes } from './testing.ts';
import { CountingWindows, TOY_CONFIG, TOY_VOCABULARY } from './toy-data.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that are still held after a collection, on the heap and in the process's array buffers. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

it.each([
  [1, 1000],
  [2, 300],
])(
  'with %d lanes step %d holds as many bytes of WASM memory as step 2, and hardly more of the heap',
  async (lanes, steps) => {
    const batches = await heldOutBatches(new CountingWindows(9), TOY_VOCABULARY, {
      windows: 8,
      length: 12,
      ratio: 0.25,
      seed: 1,
    });
    let group: LaneGroup | undefined;
    const events = pretrain({
      config: TOY_CONFIG,
      recipe: {
        ...PRETRAIN_RECIPE,
        budget: { steps },
        batchTokens: 96,
        length: 12,
        ratio: { from: 0.25 },
        dropout: 0.1,
        passTokens: 48, // two passes a step
      },
      vocabulary: TOY_VOCABULARY,
      openWindows: () => new CountingWindows(1),
      makeLanes: async (task) => {
        group = await wasmLanes(lanes)(task);
        return group;
      },
      evaluation: { batches, every: { steps: 100 } },
      checkpointEvery: { steps: 100 },
    });
    const wasm = new Map<number, number[]>();
    const held = new Map<number, number>();
    for await (const event of events) {
      if (event.type === 'checkpoint') await event.state();
      if (event.type !== 'progress') continue;
      if (event.step === 2 || event.step === steps) wasm.set(event.step, (await group?.memoryBytes()) ?? []);
      if (event.step === 150 || event.step === steps) held.set(event.step, heldBytes());
    }
    expect(wasm.get(2)).toHaveLength(lanes);
    expect(wasm.get(2)?.every((bytes) => bytes > 0)).toBe(true);
    expect(wasm.get(steps)).toEqual(wasm.get(2));
    expect((held.get(steps) ?? Number.POSITIVE_INFINITY) - (held.get(150) ?? 0)).toBeLessThan(2e6);
  },
);
