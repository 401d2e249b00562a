import { describe, expect, it } from 'vitest';
import { makeBackend } from '../training/lane-backend-node.ts';
import { apart, trainingLosses } from './conformance-training.ts';
import { loadKernels } from './wasm/load-node.ts';

const wasm = async (build: 'simd' | 'relaxed') =>
  trainingLosses(await makeBackend({ name: 'wasm', module: await loadKernels(build) }));

describe('twenty steps of training', async () => {
  const ours = await wasm('relaxed');

  it('bring the loss down', () => {
    expect(ours).toHaveLength(20);
    expect(ours.at(-1)).toBeLessThan((ours[0] as number) - 0.5);
  });

  it('have the same losses within 1e-3 on plain SIMD', async () => {
    expect(apart(await wasm('simd'), ours)).toBeLessThan(1e-3);
  });

  it.each(['reference', 'tfjs-wasm'] as const)('have the same losses within 1e-3 on %s', async (name) => {
    expect(apart(await trainingLosses(await makeBackend({ name })), ours)).toBeLessThan(1e-3);
  });
});
