/** The SDK’s lanes in a real Chromium: what they share, the bits that they learn, the page that they leave free. */
import {
  embeddedSource,
  pretrain,
  readCheckpoint,
  Tokenizer,
  WindowStream,
  type WindowStreamState,
} from '@lacuna/core';
import { createLanes, loadKernels } from '@lacuna/core/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SdkSite } from './sdk-server.ts';
import './sdk-page.ts';

let site: SdkSite;

beforeAll(async () => {
  site = await SdkSite.start();
});

afterAll(() => site?.close());

describe('two lanes', () => {
  /** Trains twelve steps under the run's name and gives the events and the last checkpoint. */
  const trained = (kind: 'isolated' | 'open') =>
    site.withPage(kind, (page) =>
      page.evaluate(async () => {
        const trainer = sdk.createTrainer({
          task: 'pretrain',
          run: 'lanes',
          text: { embedded: { stories: 2000 } },
          validation: { embedded: { seed: 2, stories: 100 } },
          backend: 'wasm',
          lanes: 2,
          recipe: { budget: { steps: 12 } },
          progressMs: 0,
        });
        const { events, failed } = await sdk.told(trainer);
        const checkpoint = await sdk.readRun('lanes');
        await sdk.deleteRun('lanes');
        trainer.close();
        return { events, failed, checkpoint: await sdk.base64(checkpoint) };
      }),
    );

  it('share memory in an isolated page, post copies in another, and learn the bits that Node’s lanes learn', async () => {
    const shared = await trained('isolated');
    const copied = await trained('open');
    expect([shared.failed, copied.failed]).toEqual([undefined, undefined]);
    const machine = { type: 'machine', backend: 'wasm', lanes: 2 };
    const because = (reason: RegExp) => expect.stringMatching(reason);
    expect(shared.events[0]).toMatchObject({
      ...machine,
      exchange: 'shared memory',
      reason: because(/is cross-origin isolated/),
    });
    expect(copied.events[0]).toMatchObject({ ...machine, exchange: 'copies', reason: because(/not cross-origin/) });
    const [first, second] = [shared, copied].map(({ checkpoint }) =>
      readCheckpoint(new Uint8Array(Buffer.from(checkpoint, 'base64'))),
    );
    if (!first || !second) throw new Error('no checkpoints');
    expect(second.state.parameters).toEqual(first.state.parameters);

    const tokenizer = Tokenizer.fromJSON(first.tokenizer);
    const { recipe } = first.recipe as unknown as { recipe: Parameters<typeof pretrain>[0]['recipe'] };
    const module = await loadKernels();
    const events = pretrain({
      config: first.config,
      recipe,
      vocabulary: tokenizer,
      openWindows: (at) =>
        new WindowStream(
          [embeddedSource({ stories: 2000 })],
          tokenizer,
          { seed: 1 },
          at as unknown as WindowStreamState,
        ),
      makeLanes: (task) => createLanes(task, { lanes: 2, backend: { name: 'wasm', module } }),
    });
    for await (const event of events) {
      if (event.type !== 'checkpoint') continue;
      const { parameters, ema } = await event.state();
      expect(first.state.parameters).toEqual(parameters);
      expect(first.state.ema).toEqual(ema);
    }
    expect(first.state.step).toBe(12);
  });

  it('tell of the start, every step, the held-out score, filled gaps, the checkpoint and the end', async () => {
    const { events } = await trained('isolated');
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'progress')).toHaveLength(12);
    expect(types.filter((type, i) => type !== 'preparing' && type !== 'progress' && types.indexOf(type) === i)).toEqual(
      ['machine', 'start', 'checkpoint', 'samples', 'evaluation', 'done'],
    );
    const losses = events.flatMap((event) => (event.type === 'progress' ? [event.loss] : []));
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) - 1);
    // Two lanes hold the weights, their gradients, moments and average at least.
    const memory = events.flatMap((event) => (event.type === 'progress' ? [event.memoryBytes] : []));
    expect(memory.at(-1)).toBeGreaterThan(2 * 5 * 4 * 200_000);
    const samples = events.flatMap((event) => (event.type === 'samples' ? event.samples : []));
    expect(samples).toHaveLength(3);
    for (const { text, gaps } of samples) {
      expect(text).toContain('[MASK]');
      expect(gaps).toEqual([{ token: expect.any(String), score: expect.any(Number) }]);
      expect(gaps[0]?.score).toBeGreaterThan(0);
    }
    expect(events.at(-1)).toMatchObject({ complete: true, metrics: { crossEntropy: expect.any(Number) } });
  });

  it('leave the page free: no task of its main thread is longer than 50 ms', async () => {
    const long = await site.withPage('isolated', (page) =>
      page.evaluate(async () => {
        const durations: number[] = [];
        new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) durations.push(duration);
        }).observe({ type: 'longtask' });
        const trainer = sdk.createTrainer({
          task: 'pretrain',
          text: { embedded: { stories: 2000 } },
          backend: 'wasm',
          lanes: 2,
          recipe: { budget: { steps: 60 } },
        });
        const { failed } = await sdk.told(trainer);
        trainer.close();
        return { durations, failed };
      }),
    );
    expect(long).toEqual({ durations: [], failed: undefined });
  });
});
