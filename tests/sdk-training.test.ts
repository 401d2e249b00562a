/** The SDK's trainer in a real Chromium: inputs, pauses, errors across the worker's boundary, all three tasks. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SdkSite } from './sdk-server.ts';
import './sdk-page.ts';

let site: SdkSite;

beforeAll(async () => {
  site = await SdkSite.start();
});

afterAll(() => site?.close());

describe('a run', () => {
  it('learns the same from a string, a file, a compressed file, a stream, an address and an async iterable', async () => {
    const hashes = await site.withPage('open', (page) =>
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
    const told = await site.withPage('isolated', (page) =>
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
    const refused = await site.withPage('isolated', (page) =>
      page.evaluate(async () => {
        const base = { task: 'pretrain', backend: 'wasm', lanes: 1 } as const;
        const outcomes = [
          { ...base, text: 'Too short.' },
          { ...base, text: { embedded: {} }, lanes: 1000 },
          { ...base, text: new URL('/nothing.txt', location.href) },
          { ...base, text: new File([Uint8Array.of(0, 1, 2, 255)], 'image.png') },
          { ...base, text: { embedded: {} }, recipe: { ratio: { from: 2, to: 1, jitter: 0 } } },
          { ...base, text: { embedded: {} }, model: new Uint8Array(9), config: 'tiny' as const },
          { ...base, text: { embedded: {} }, model: new Uint8Array(9) },
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
      'invalid_argument',
      'artifact_corrupt',
    ]);
    expect(refused[1]?.facts).toEqual({ lanes: 1000 });
    expect(refused[2]?.facts).toMatchObject({ status: 404 });
  });
});

describe('a pre-trained model', () => {
  it('becomes a classifier and a smaller student, and the student a classifier by the first one’s answers', async () => {
    const told = await site.withPage('isolated', (page) =>
      page.evaluate(async () => {
        const common = { backend: 'wasm', lanes: 1, progressMs: 0 } as const;
        const { trained } = sdk;
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
        const narrow = await trained({
          ...common,
          task: 'distill',
          teacher,
          text,
          hiddenSize: 32,
          recipe: { budget: { steps: 5 } },
        });
        const taught = await trained({
          ...common,
          task: 'finetune',
          model: student.bytes,
          teacher: classifier.bytes,
          variants: 1,
          data,
          validation: data.slice(0, 40),
          recipe: { epochs: 6, maxLength: 32, learningRate: 3e-3 },
        });
        const [critic, small] = [await sdk.loadModel(classifier.bytes), await sdk.loadModel(student.bytes)];
        const answers = {
          labels: critic.labels,
          taught: taught.events.findLast((event) => event.type === 'evaluation'),
          scored: classifier.events.findLast((event) => event.type === 'evaluation'),
          best: (await critic.classify(['Tom is happy and kind.', 'Tom is angry and sad.'])).map(
            ([best]) => best?.label,
          ),
          gaps: await small.fillMask('Tom is [MASK] and [MASK].', { topK: 2 }),
          sizes: [teacher.length, student.bytes.length, narrow.bytes.length],
          narrow: narrow.events.find((event) => event.type === 'start'),
        };
        critic.close();
        small.close();
        return answers;
      }),
    );
    expect(told.labels).toEqual(['bad', 'good']);
    expect(told.scored).toMatchObject({ metrics: { accuracy: 1 } });
    expect(told.taught).toMatchObject({ metrics: { accuracy: 1 } });
    expect(told.best).toEqual(['good', 'bad']);
    expect(told.gaps.map((gap) => gap.length)).toEqual([2, 2]);
    expect(told.narrow).toMatchObject({
      config: { hiddenSize: 32, numAttentionHeads: 1 },
      recipe: { fromTeacher: false, weights: { hidden: 0 } },
    });
    expect(told.sizes[1]).toBeLessThan(told.sizes[0] as number);
    expect(told.sizes[2]).toBeLessThan(told.sizes[1] as number);
  });

  it('goes on learning where it stood, with its shape, and says where it began; resumed as well', async () => {
    const told = await site.withPage('isolated', (page) =>
      page.evaluate(async () => {
        const common = { backend: 'wasm', lanes: 1, progressMs: 0 } as const;
        const { trained } = sdk;
        const pretrain = { ...common, task: 'pretrain', text: { embedded: { stories: 1000 } } } as const;
        const fresh = await trained({ ...pretrain, recipe: { budget: { steps: 30 } } });
        const model = fresh.bytes;
        const further = await trained({ ...pretrain, model, run: 'further', recipe: { budget: { steps: 3 } } });
        const resumed = await trained({ ...common, task: 'resume', run: 'further', budget: { steps: 6 } });
        const loaded = await sdk.loadModel(resumed.bytes);
        const { provenance } = loaded;
        loaded.close();
        await sdk.deleteRun('further');
        const [begun, went, rest] = [fresh, further, resumed].map(({ events }) =>
          events.flatMap((event) => (event.type === 'progress' ? [event.loss] : [])),
        );
        const configs = [fresh, further].map(({ events }) => events.find((event) => event.type === 'start')?.config);
        return { begun, went, rest, configs, provenance };
      }),
    );
    const [first = 0, last = 0] = [told.begun?.[0], told.begun?.at(-1)];
    // Ten times nearer to where the model stood than to where a random one begins.
    for (const loss of [...(told.went ?? []), ...(told.rest ?? [])])
      expect(loss).toBeLessThan(last + (first - last) / 10);
    expect([told.went?.length, told.rest?.length]).toEqual([3, 3]);
    const [fresh, further] = told.configs;
    expect(fresh).toMatchObject({ hiddenSize: 64 });
    expect(further).toEqual(fresh);
    expect(told.provenance).toMatchObject({ recipe: { task: 'pretrain', startsFrom: 'trained' } });
  });
});
