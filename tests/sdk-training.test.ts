/** The SDK's trainer in a real Chromium: lanes, events, inputs, pauses and errors across the worker's boundary. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  embeddedSource,
  pretrain,
  readCheckpoint,
  Tokenizer,
  WindowStream,
  type WindowStreamState,
} from '@lacuna/core';
import { createLanes, loadKernels } from '@lacuna/core/node';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPage, openPage, type ServedFolder, serveFolder, startBrowser } from './sdk-server.ts';
import './sdk-page.ts';

let folder: string;
let browser: Browser;
let isolated: ServedFolder;
let open: ServedFolder;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-sdk-'));
  await buildPage(folder);
  isolated = await serveFolder(folder, { isolated: true });
  open = await serveFolder(folder, { isolated: false });
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  isolated?.close();
  open?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function withPage<T>(served: ServedFolder, use: (page: Page) => Promise<T>): Promise<T> {
  const page = await openPage(browser, served.address);
  try {
    return await use(page);
  } finally {
    await page.close();
  }
}

describe('two lanes', () => {
  /** Trains twelve steps under the run's name and gives the events and the last checkpoint. */
  const trained = (served: ServedFolder) =>
    withPage(served, (page) =>
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
    const shared = await trained(isolated);
    const copied = await trained(open);
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
    const { events } = await trained(isolated);
    const types = events.map(({ type }) => type);
    expect(types.filter((type) => type === 'progress')).toHaveLength(12);
    expect(types.filter((type, i) => type !== 'preparing' && type !== 'progress' && types.indexOf(type) === i)).toEqual(
      ['machine', 'start', 'checkpoint', 'samples', 'evaluation', 'done'],
    );
    const losses = events.flatMap((event) => (event.type === 'progress' ? [event.loss] : []));
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) - 1);
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
    const long = await withPage(isolated, (page) =>
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

describe('a run', () => {
  it('learns the same from a string, a file, a compressed file, a stream, an address and an async iterable', async () => {
    const hashes = await withPage(open, (page) =>
      page.evaluate(async () => {
        const lines = Array.from({ length: 400 }, (_, i) => `The ${i % 7} cats of house ${i} sat on mat ${i % 13}.`);
        const text = lines.join('\n');
        const bytes = new TextEncoder().encode(text);
        async function* chunks() {
          for (let at = 0; at < bytes.length; at += 999) yield bytes.subarray(at, at + 999);
        }
        const gzip = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
        const inputs = {
          string: text,
          file: new File([text], 'cats.txt'),
          compressed: new File([await new Response(gzip).blob()], 'cats.txt.gz'),
          stream: new Blob([text]).stream(),
          address: new URL(URL.createObjectURL(new Blob([text]))),
          iterable: chunks(),
          table: new File([`id\ttext\n${lines.map((line, i) => `${i}\t${line}`).join('\n')}`], 'cats.tsv'),
        };
        const weights: Record<string, string> = {};
        for (const [name, content] of Object.entries(inputs)) {
          const trainer = sdk.createTrainer({
            task: 'pretrain',
            text: content,
            backend: 'wasm',
            lanes: 1,
            recipe: { budget: { steps: 4 }, batchTokens: 256, length: 16 },
          });
          const { failed } = await sdk.told(trainer);
          const bytes = failed ? new Uint8Array() : await trainer.export({ quantization: 'none' });
          const header = new TextDecoder().decode(bytes.subarray(8, 8 + new DataView(bytes.buffer).getUint32(0, true)));
          weights[name] = failed?.message ?? JSON.parse(header).__metadata__.sha256;
          trainer.close();
        }
        return weights;
      }),
    );
    expect(Object.keys(hashes)).toHaveLength(7);
    expect(new Set(Object.values(hashes))).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{64}$/)]));
  });

  it('stands still in a pause, is exported there, goes on, and ends early when it is stopped', async () => {
    const told = await withPage(isolated, (page) =>
      page.evaluate(async () => {
        const abort = new AbortController();
        const trainer = sdk.createTrainer({
          task: 'pretrain',
          text: { embedded: { stories: 1000 } },
          backend: 'wasm',
          lanes: 1,
          recipe: { budget: { minutes: 10 } },
          progressMs: 0,
          signal: abort.signal,
        });
        const events: { type: string; step?: number }[] = [];
        const heard = (async () => {
          for await (const event of trainer.events) {
            events.push({ type: event.type, ...('step' in event ? { step: event.step } : {}) });
          }
        })();
        const steps = () => events.filter(({ type }) => type === 'progress').length;
        const until = async (count: number) => {
          while (steps() < count) await new Promise((resolve) => setTimeout(resolve, 10));
        };
        await until(3);
        await trainer.pause();
        await new Promise((resolve) => setTimeout(resolve, 100));
        const paused = steps();
        const bytes = await trainer.export();
        await new Promise((resolve) => setTimeout(resolve, 400));
        const still = steps();
        await trainer.resume();
        await until(paused + 3);
        abort.abort();
        await heard;
        const done = await trainer.done;
        trainer.close();
        return { paused, still, size: bytes.length, done, types: [...new Set(events.map(({ type }) => type))] };
      }),
    );
    expect(told.still).toBe(told.paused);
    expect(told.size).toBeGreaterThan(100_000);
    expect(told.types).toEqual(expect.arrayContaining(['paused', 'resumed', 'checkpoint', 'done']));
    expect(told.done.complete).toBe(false);
    expect(told.done.step).toBeGreaterThanOrEqual(told.paused + 3);
    expect(told.done.seconds).toBeLessThan(60);
  });

  it('that cannot be is refused with the code and facts that the core gives', async () => {
    const refused = await withPage(isolated, (page) =>
      page.evaluate(async () => {
        const base = { task: 'pretrain', backend: 'wasm', lanes: 1 } as const;
        const outcomes = [
          { ...base, text: 'Too short.' },
          { ...base, text: { embedded: {} }, lanes: 1000 },
          { ...base, text: new URL('/nothing.txt', location.href) },
          { ...base, text: new File([Uint8Array.of(0, 1, 2, 255)], 'image.png') },
          { ...base, text: { embedded: {} }, recipe: { ratio: { from: 2, to: 1, jitter: 0 } } },
        ];
        const codes = [];
        for (const options of outcomes) {
          const trainer = sdk.createTrainer(options);
          const { failed } = await sdk.told(trainer);
          codes.push(failed);
          trainer.close();
        }
        return codes;
      }),
    );
    expect(refused.map((failure) => failure?.code)).toEqual([
      'text_too_short',
      'invalid_argument',
      'network',
      'binary_text',
      'masking_ratio_out_of_range',
    ]);
    expect(refused[1]?.facts).toEqual({ lanes: 1000 });
    expect(refused[2]?.facts).toMatchObject({ status: 404 });
  });
});

describe('a pre-trained model', () => {
  it('becomes a classifier and a smaller student through the same trainer', async () => {
    const told = await withPage(isolated, (page) =>
      page.evaluate(async () => {
        const common = { backend: 'wasm', lanes: 1, progressMs: 0 } as const;
        const trained = async (options: Parameters<typeof sdk.createTrainer>[0]) => {
          const trainer = sdk.createTrainer(options);
          const { events, failed } = await sdk.told(trainer);
          if (failed) throw new Error(`${failed.code}: ${failed.message}`);
          const bytes = await trainer.export();
          trainer.close();
          return { events, bytes };
        };
        const text = { embedded: { stories: 1000 } };
        const { bytes: teacher } = await trained({
          ...common,
          task: 'pretrain',
          text,
          recipe: { budget: { steps: 20 } },
        });
        const words = { good: ['kind', 'happy', 'brave'], bad: ['sad', 'lonely', 'angry'] };
        const data = Array.from({ length: 240 }, (_, i) => {
          const label = i % 2 === 0 ? 'good' : 'bad';
          return { text: `Tom is ${words[label][i % 3]} and ${words[label][(i >> 3) % 3]}.`, label };
        });
        const classifier = await trained({
          ...common,
          task: 'finetune',
          model: teacher,
          data,
          validation: data.slice(0, 40),
          recipe: { epochs: 6, maxLength: 32, learningRate: 3e-3 },
        });
        const student = await trained({
          ...common,
          task: 'distill',
          teacher: new Blob([teacher as Uint8Array<ArrayBuffer>]),
          text,
          layers: { encoder: 1, decoder: 1 },
          recipe: { budget: { steps: 10 } },
        });
        const [critic, small] = [await sdk.loadModel(classifier.bytes), await sdk.loadModel(student.bytes)];
        const answers = {
          labels: critic.labels,
          scored: classifier.events.findLast((event) => event.type === 'evaluation'),
          best: (await critic.classify(['Tom is happy and kind.', 'Tom is angry and sad.'])).map(
            ([best]) => best?.label,
          ),
          gaps: await small.fillMask('Tom is [MASK] and [MASK].', { topK: 2 }),
          sizes: [teacher.length, student.bytes.length],
        };
        critic.close();
        small.close();
        return answers;
      }),
    );
    expect(told.labels).toEqual(['bad', 'good']);
    expect(told.scored).toMatchObject({ metrics: { accuracy: 1 } });
    expect(told.best).toEqual(['good', 'bad']);
    expect(told.gaps.map((gap) => gap.length)).toEqual([2, 2]);
    expect(told.sizes[1]).toBeLessThan(told.sizes[0] as number);
  });
});
