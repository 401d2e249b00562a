import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { failLanes, sharedGradients } from './all-reduce.ts';

const PROGRAM = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.module).then(({ allReduce, slotOf }) => {
    const { shared, lane } = workerData;
    slotOf(shared, lane).set(Float32Array.from({ length: shared.size }, (_, i) => Math.sin(i + 100 * lane)));
    try {
      const { gradient, loss } = allReduce(shared, lane, lane);
      parentPort.postMessage({ gradient: gradient.slice(), loss });
    } catch (error) {
      parentPort.postMessage({ code: error.code });
    }
  });
`;

const workers: Worker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

function lane(shared: ReturnType<typeof sharedGradients>, index: number) {
  const module = new URL('./all-reduce.ts', import.meta.url).href;
  const worker = new Worker(PROGRAM, { eval: true, workerData: { module, shared, lane: index } });
  workers.push(worker);
  return new Promise<{ gradient?: Float32Array; loss?: number; code?: string }>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

describe('allReduce', () => {
  it('gives all lanes the same bits: the sum in lane order', async () => {
    const shared = sharedGradients(3, 10);
    const answers = await Promise.all([0, 1, 2].map((index) => lane(shared, index)));
    const expected = Float32Array.from({ length: 10 }, (_, i) =>
      [0, 1, 2].reduce((sum, index) => Math.fround(sum + Math.fround(Math.sin(i + 100 * index))), 0),
    );
    for (const { gradient, loss } of answers) {
      expect(gradient).toEqual(expected);
      expect(loss).toBe(3);
    }
  });

  it('frees a lane that waits for one that failed', async () => {
    const shared = sharedGradients(2, 4);
    const waiting = lane(shared, 0);
    setTimeout(() => failLanes(shared), 50);
    expect((await waiting).code).toBe('lane_failed');
  });
});
