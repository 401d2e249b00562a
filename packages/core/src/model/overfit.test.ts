import { describe, expect, it } from 'vitest';
import { loadKernels } from '../backends/wasm/load-node.ts';
import { createWasmBackend } from '../backends/wasm/training.ts';
import { maskWindows } from '../masking/masking.ts';
import { ADAMW } from '../optim/adamw.ts';
import { Random } from '../random/random.ts';
import { inlineLanes } from '../training/lanes.ts';
import { freshReplica } from '../training/state.ts';
import type { TaskSpec } from '../training/task.ts';
import type { Batch } from './batch.ts';
import { CONFIGS, mlmControl } from './config.ts';

const config = { ...CONFIGS.tiny, vocabSize: 128 };

/** Loss after so many steps on one batch, the regulariser left out. */
async function overfit(task: TaskSpec, batch: Batch, steps: number): Promise<number> {
  const lanes = inlineLanes(createWasmBackend(await loadKernels()), task);
  const head = task.kind === 'classification' ? { numLabels: task.numLabels } : undefined;
  await lanes.write(freshReplica(task.config, 1, head));
  let loss = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    const options = { step, learningRate: 3e-3, optimizer: { ...ADAMW, weightDecay: 0 }, seed: 1, passTokens: 4096 };
    ({ loss } = await lanes.step(batch, options));
  }
  return loss;
}

const random = new Random(1);
const ids = Int32Array.from({ length: 8 * 24 }, () => 5 + random.integer(123));
const never = () => false;
const masking = { ratio: 0.3, spans: [1, 1] as const, isSpecial: never, isContinuation: never };
const masked = maskWindows(ids, 8, 24, masking, new Random(2));

describe('one batch of random tokens is learned by heart', () => {
  it('by the masked autoencoder, with seeded and with plain queries', async () => {
    expect(await overfit({ kind: 'masked', config, zLoss: 0 }, masked, 150)).toBeLessThan(0.01);
    const plain = { ...config, decoderQueries: 'plain' } as const;
    expect(await overfit({ kind: 'masked', config: plain, zLoss: 0 }, masked, 200)).toBeLessThan(0.01);
  });

  it('by the masked autoencoder whose decoder attends to all, and with a table for the prediction alone', async () => {
    const together = { ...config, decoderAttention: 'self' } as const;
    expect(await overfit({ kind: 'masked', config: together, zLoss: 0 }, masked, 200)).toBeLessThan(0.01);
    const untied = { ...config, tieWordEmbeddings: false };
    expect(await overfit({ kind: 'masked', config: untied, zLoss: 0 }, masked, 150)).toBeLessThan(0.01);
  });

  it('by the masked-LM control', async () => {
    expect(await overfit({ kind: 'masked', config: mlmControl(config), zLoss: 0 }, masked, 150)).toBeLessThan(0.01);
  });

  it('by the classifier, one label a text and several', async () => {
    const inputIds = ids.slice(0, 8 * 12);
    const lengths = Int32Array.from({ length: 8 }, (_, b) => 5 + b);
    const targets = Float32Array.from({ length: 8 * 3 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0));
    const batch = { kind: 'text', batchSize: 8, length: 12, inputIds, lengths, targets } as const;
    const task = { kind: 'classification', config, numLabels: 3 } as const;
    expect(await overfit(task, batch, 100)).toBeLessThan(0.01);
    const several = targets.map((target, i) => (i % 4 === 0 ? 1 : target));
    expect(await overfit({ ...task, multiLabel: true }, { ...batch, targets: several }, 120)).toBeLessThan(0.01);
  });
});
