import { describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { mlmControl } from '../model/config.ts';
import { heldOutBatches } from './masked-batches.ts';
import { PRETRAIN_RECIPE, type PretrainOptions, type PretrainRecipe, pretrain } from './pretrain.ts';
import type { TrainingState } from './state.ts';
import { wasmLanes } from './testing.ts';
import { CountingWindows, TOY_CONFIG, TOY_VOCABULARY } from './toy-data.ts';
import type { CheckpointEvent, TrainingEvent } from './trainer.ts';

const recipe: PretrainRecipe = {
  ...PRETRAIN_RECIPE,
  seed: 7,
  budget: { steps: 6 },
  batchTokens: [48, 96],
  length: [8, 12],
  dropout: 0.1,
  learningRate: 5e-3,
};

function options(more: Partial<PretrainOptions> = {}): PretrainOptions {
  return {
    config: TOY_CONFIG,
    recipe,
    vocabulary: TOY_VOCABULARY,
    openWindows: (state) => new CountingWindows(recipe.seed, state),
    makeLanes: wasmLanes(1),
    ...more,
  };
}

async function collect(events: AsyncIterable<TrainingEvent>): Promise<TrainingEvent[]> {
  const all: TrainingEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** A run as bytes: everything but the clock. */
function bytesOf(state: TrainingState): Uint8Array {
  return writeCheckpoint({
    config: TOY_CONFIG,
    tokenizer: null,
    recipe: JSON.parse(JSON.stringify(recipe)),
    state: { ...state, seconds: 0 },
  });
}

/** Runs until step `until` as a run that is killed there: what was saved last is all that is left. */
async function runUntil(given: PretrainOptions, until: number): Promise<Uint8Array> {
  for await (const event of pretrain({ ...given, checkpointEvery: { steps: 1 } })) {
    if (event.type === 'checkpoint' && event.step === until) return bytesOf(await event.state());
  }
  throw new Error(`no checkpoint at step ${until}`);
}

describe('pretrain', () => {
  it.each([1, 2])('killed and resumed with %d lanes ends with the same bytes', async (lanes) => {
    const makeLanes = wasmLanes(lanes);
    const whole = await runUntil(options({ makeLanes }), 6);
    const half = await runUntil(options({ makeLanes }), 3);
    const resume = readCheckpoint(half).state;
    const resumed = await runUntil(options({ makeLanes, resume }), 6);
    expect(Buffer.compare(resumed, whole)).toBe(0);
    expect(Buffer.compare(half, whole)).not.toBe(0);
  });

  it('tells of every step, evaluations, checkpoints and the end', async () => {
    const batches = await heldOutBatches(new CountingWindows(9), TOY_VOCABULARY, {
      windows: 6,
      length: 12,
      ratio: 0.15,
      seed: 1,
      batchSize: 4,
    });
    expect(batches.map((batch) => batch.batchSize)).toEqual([4, 2]);
    const evaluation = { batches, every: { steps: 4 } };
    const events = await collect(pretrain(options({ evaluation, checkpointEvery: { steps: 5 } })));
    expect(events.map((event) => `${event.type} ${event.step}`)).toEqual([
      'progress 1',
      'progress 2',
      'progress 3',
      'progress 4',
      'evaluation 4',
      'progress 5',
      'checkpoint 5',
      'progress 6',
      'checkpoint 6',
      'evaluation 6',
      'done 6',
    ]);
    const [first] = events;
    expect(first).toMatchObject({ tokens: 48, ratio: expect.any(Number), etaSeconds: expect.any(Number) });
    const last = events.at(-1);
    expect(last).toMatchObject({ complete: true, metrics: { tokens: 12 } });
    expect(last?.tokens).toBeGreaterThan(48 * 6);
  });

  it('stops when aborted, after the step at hand, with a checkpoint to resume from', async () => {
    const controller = new AbortController();
    const kinds: string[] = [];
    let saved: CheckpointEvent | undefined;
    for await (const event of pretrain(options({ signal: controller.signal }))) {
      kinds.push(event.type);
      if (event.type === 'progress' && event.step === 2) controller.abort();
      if (event.type === 'checkpoint') {
        saved = event;
        expect((await event.state()).parameters.length).toBeGreaterThan(0);
      }
      if (event.type === 'done') expect(event.complete).toBe(false);
    }
    expect(kinds).toEqual(['progress', 'progress', 'checkpoint', 'done']);
    expect(saved).toMatchObject({ step: 2, reason: 'aborted' });
  });

  it('is safe before it is scored, and stops scoring when aborted', async () => {
    const held = { windows: 64, length: 12, ratio: 0.15, seed: 1, batchSize: 1 };
    const batches = await heldOutBatches(new CountingWindows(9), TOY_VOCABULARY, held);
    const controller = new AbortController();
    const kinds: string[] = [];
    const evaluation = { batches, every: { steps: 2 } };
    const given = options({ evaluation, checkpointEvery: { steps: 2 }, signal: controller.signal });
    for await (const event of pretrain(given)) {
      kinds.push(`${event.type} ${event.step}`);
      if (event.type === 'checkpoint') controller.abort();
    }
    expect(kinds).toEqual(['progress 1', 'progress 2', 'checkpoint 2', 'checkpoint 2', 'done 2']);
  });

  it('hears a timer although its lane computes in this thread and its data wait for nothing', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 10);
    const long = { ...recipe, budget: { minutes: 0.5 } };
    const events = await collect(pretrain(options({ recipe: long, signal: controller.signal })));
    expect(events.at(-1)).toMatchObject({ type: 'done', complete: false });
    expect(events.at(-1)?.seconds).toBeLessThan(20);
  });

  it('resumed after its end has nothing left to do', async () => {
    const resume = readCheckpoint(await runUntil(options(), 6)).state;
    expect((await collect(pretrain(options({ resume })))).map((event) => event.type)).toEqual(['checkpoint', 'done']);
  });

  it('spends a budget of tokens', async () => {
    const events = await collect(
      pretrain(options({ recipe: { ...recipe, batchTokens: 48, length: 12, budget: { tokens: 96 } } })),
    );
    expect(events.at(-1)).toMatchObject({ type: 'done', step: 2, tokens: 96 });
  });

  it('stops with loss_not_finite before weights are spoilt', async () => {
    const huge = { ...recipe, learningRate: 1e30, optimizer: { ...recipe.optimizer, clip: 0 } };
    await expect(collect(pretrain(options({ recipe: { ...huge, budget: { steps: 50 } } })))).rejects.toMatchObject({
      code: 'loss_not_finite',
    });
  });

  it('refuses a ratio out of range and a checkpoint of another shape', async () => {
    const ratio = { ...recipe, ratio: { from: 0.99 } };
    await expect(collect(pretrain(options({ recipe: ratio })))).rejects.toMatchObject({
      code: 'masking_ratio_out_of_range',
    });
    const resume = readCheckpoint(await runUntil(options(), 1)).state;
    const config = { ...TOY_CONFIG, numHiddenLayers: 3 };
    await expect(collect(pretrain(options({ config, resume })))).rejects.toMatchObject({ code: 'checkpoint_mismatch' });
  });

  it.each([TOY_CONFIG, mlmControl(TOY_CONFIG)])('learns to count, as $objective', async (config) => {
    const batches = await heldOutBatches(new CountingWindows(9), TOY_VOCABULARY, {
      windows: 20,
      length: 12,
      ratio: 0.15,
      seed: 1,
    });
    const learning = { ...recipe, budget: { steps: 300 }, batchTokens: 96, length: 12, dropout: 0, learningRate: 1e-2 };
    const events = await collect(pretrain(options({ config, recipe: learning, evaluation: { batches } })));
    const done = events.at(-1);
    expect(done).toMatchObject({ type: 'done', metrics: { top1: expect.any(Number) } });
    const metrics = done?.type === 'done' && done.metrics && 'top1' in done.metrics ? done.metrics : undefined;
    expect(metrics?.top1).toBeGreaterThan(0.9);
    expect(metrics?.top5).toBeGreaterThanOrEqual(metrics?.top1 ?? 1);
  });
});
