import { describe, expect, it } from 'vitest';
import { describeBackend, describeInference } from '../conformance.ts';
import { describeVocabulary, describeVocabularyForward } from '../conformance-vocabulary.ts';
import { createWasmInference } from './inference.ts';
import { loadKernels } from './load-node.ts';
import { createWasmBackend } from './training.ts';

// Before int8 weights, values have 16 bits.
const demands = { tolerance: 1e-5, tolerances: { 'gradients of chunks': 2e-5, 'int8 weights': 1e-4 } };

for (const build of ['simd', 'relaxed'] as const) {
  describeBackend(`wasm ${build}`, async () => createWasmBackend(await loadKernels(build)), demands);
  describeVocabulary(`wasm ${build}`, async () => createWasmBackend(await loadKernels(build)), demands);
}
for (const build of ['inference', 'inference-relaxed'] as const) {
  const make = async () => createWasmInference(await loadKernels(build));
  describeInference(`wasm ${build}`, make, demands);
  describeVocabularyForward(`wasm ${build}`, make, demands);
}

describe('the arena', () => {
  it('does not grow once it has held the largest scope', async () => {
    const ops = createWasmBackend(await loadKernels());
    const sizes: number[] = [];
    for (let i = 0; i < 5; i++) {
      await ops.scope(() => {
        for (let j = 0; j < 40; j++) ops.tensor(new Float32Array(100_000), [100_000]);
      });
      sizes.push(ops.memoryBytes());
    }
    expect(new Set(sizes).size).toBe(1);
    expect(sizes[0]).toBeGreaterThan(16_000_000);
  });

  it('keeps what a view read from growing memory', async () => {
    const ops = createWasmBackend(await loadKernels());
    const kept = ops.persistent([4], [1, 2, 3, 4]);
    await ops.scope(() => ops.tensor(new Float32Array(4_000_000), [4_000_000]));
    expect([...(await ops.read(kept))]).toEqual([1, 2, 3, 4]);
  });

  it('says out_of_memory when WebAssembly has no more', async () => {
    const ops = createWasmBackend(await loadKernels());
    expect(() => ops.arena.allocate(5 * 2 ** 30)).toThrow(expect.objectContaining({ code: 'out_of_memory' }));
    expect(await ops.scope(() => ops.read(ops.scale(ops.tensor([1], [1]), 2)))).toEqual(Float32Array.of(2));
  });
});
