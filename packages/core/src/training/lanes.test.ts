import { afterEach, describe, expect, it } from 'vitest';
import { ADAMW } from '../optim/adamw.ts';
import { addScores, metricsOf } from './evaluation.ts';
import type { StepOptions } from './lane.ts';
import type { LaneGroup } from './lanes.ts';
import { createLanes } from './lanes-node.ts';
import { MaskedBatches } from './masked-batches.ts';
import { freshReplica } from './state.ts';
import type { MaskedTask } from './task.ts';
import { CountingWindows, TOY_CONFIG, TOY_VOCABULARY } from './toy-data.ts';

const task: MaskedTask = { kind: 'masked', config: TOY_CONFIG };
const recipe = {
  seed: 1,
  batchTokens: 60,
  length: 12,
  ratio: { from: 0.3 },
  spans: [1, 3],
  wholeWords: false,
} as const;

const open: LaneGroup[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((group) => group.close()));
});

async function lanesOf(
  count: number,
  spec: MaskedTask = task,
): Promise<LaneGroup & { readAll?: () => Promise<unknown[]> }> {
  const group = await createLanes(spec, { lanes: count, backend: { name: 'reference' } });
  open.push(group);
  await group.write(freshReplica(spec.config, 1));
  return group;
}

function stepOptions(step: number, passTokens = 4096): StepOptions {
  return { step, learningRate: 3e-3, optimizer: ADAMW, seed: 1, passTokens };
}

/** Losses and gradient norms of some steps. */
async function curve(group: LaneGroup, steps: number, passTokens?: number): Promise<number[]> {
  const batches = new MaskedBatches(new CountingWindows(1), TOY_VOCABULARY, recipe);
  const points: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const { batch } = await batches.next(0);
    const { loss, gradientNorm } = await group.step(batch, stepOptions(step, passTokens));
    points.push(loss, gradientNorm);
  }
  return points;
}

const largestDifference = (a: readonly number[], b: readonly number[]) =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - (b[i] as number))), 0);

describe('lanes', () => {
  it('give one lane’s curve, whatever their number and the size of a pass', async () => {
    const one = await curve(await lanesOf(1), 6);
    expect(one.every(Number.isFinite)).toBe(true);
    expect(largestDifference(one, await curve(await lanesOf(2), 6))).toBeLessThan(1e-5);
    expect(largestDifference(one, await curve(await lanesOf(3), 6))).toBeLessThan(1e-5);
    expect(largestDifference(one, await curve(await lanesOf(1), 6, 24))).toBeLessThan(1e-5);
  });

  it('hold the same parameters, moments and average bit for bit', async () => {
    const group = await lanesOf(2);
    await curve(group, 4);
    const [first, second] = (await group.readAll?.()) ?? [];
    expect(first).toBeDefined();
    expect(second).toEqual(first);
  });

  it('give the same bits for the same seed, dropout included, and others for another', async () => {
    const dropping: MaskedTask = { ...task, dropout: 0.2 };
    const first = await lanesOf(2, dropping);
    const second = await lanesOf(2, dropping);
    const without = await lanesOf(2);
    const points = await curve(first, 4);
    expect(await curve(second, 4)).toEqual(points);
    expect(await second.read()).toEqual(await first.read());
    expect(await curve(without, 4)).not.toEqual(points);
  });

  it('leave some lanes idle when the batch has fewer rows', async () => {
    const windows = new CountingWindows(2);
    const { batch } = await new MaskedBatches(windows, TOY_VOCABULARY, { ...recipe, batchTokens: 24 }).next(0);
    const one = await (await lanesOf(1)).step(batch, stepOptions(1));
    const three = await (await lanesOf(3)).step(batch, stepOptions(1));
    expect(three.loss).toBeCloseTo(one.loss, 5);
    expect(three.gradientNorm).toBeCloseTo(one.gradientNorm, 5);
  });

  it('score a batch as one lane does', async () => {
    const { batch } = await new MaskedBatches(new CountingWindows(2), TOY_VOCABULARY, recipe).next(0);
    const one = metricsOf(addScores([await (await lanesOf(1)).score(batch, 'parameters', 4096)]));
    const two = metricsOf(addScores([await (await lanesOf(2)).score(batch, 'parameters', 24)]));
    expect(two).toMatchObject({
      ...one,
      crossEntropy: expect.closeTo(one.crossEntropy, 5),
      pseudoPerplexity: expect.any(Number),
    });
    expect('tokens' in two && two.tokens).toBe(batch.batchSize * (batch.kind === 'masked' ? batch.gapLength : 0));
  });
});

describe('a lane that fails', () => {
  it.each([1, 2])('of %d ends the step with lane_failed or its own code, without a hang', async (count) => {
    const group = await lanesOf(count);
    const { batch } = await new MaskedBatches(new CountingWindows(2), TOY_VOCABULARY, recipe).next(0);
    if (batch.kind !== 'masked') throw new Error('expected gaps');
    const labels = batch.labels.slice();
    labels[labels.length - 1] = TOY_CONFIG.vocabSize + 7; // in the last lane's share: no such piece
    const failing = group.step({ ...batch, labels }, stepOptions(1));
    if (count === 1) return expect(failing).rejects.toThrow();
    await expect(failing).rejects.toMatchObject({ code: 'lane_failed', facts: { lane: 1 } });
    await expect(group.step(batch, stepOptions(1))).rejects.toMatchObject({ code: 'lane_failed' });
  });

  it('refuses a state of another size', async () => {
    const state = freshReplica({ ...TOY_CONFIG, numHiddenLayers: 1 }, 1);
    for (const lanes of [1, 2]) {
      await expect((await lanesOf(lanes)).write(state)).rejects.toMatchObject({ code: 'checkpoint_mismatch' });
    }
  });

  it('cannot be asked for in numbers that make no sense', async () => {
    for (const lanes of [0, 1.5, 1000]) {
      await expect(createLanes(task, { lanes, backend: { name: 'reference' } })).rejects.toMatchObject({
        code: 'invalid_argument',
      });
    }
  });
});
