/** A Web Worker that trains a few steps on every backend and tells their losses: what a page would start. */
import { CONFIGS, freshReplica, inlineLanes, sampleBatch } from '@lacuna/core';
import { type BrowserBackend, compileKernels, makeBrowserBackend } from '@lacuna/core/browser';

const SHAPE = { config: { ...CONFIGS.tiny, vocabSize: 128 }, batchSize: 2, length: 16, ratio: 0.3 };

async function losses(backend: BrowserBackend): Promise<number[]> {
  const lanes = inlineLanes(await makeBrowserBackend(backend), { kind: 'masked', config: SHAPE.config });
  await lanes.write(freshReplica(SHAPE.config, 1));
  const batch = sampleBatch(SHAPE);
  const told: number[] = [];
  const optimizer = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1, clip: 1, ema: 0.999 };
  for (let step = 1; step <= 3; step++) {
    const { loss } = await lanes.step(batch, { step, learningRate: 4e-3, optimizer, seed: 1, passTokens: 4096 });
    told.push(loss);
  }
  await lanes.close();
  return told;
}

self.onmessage = async () => {
  const module = await compileKernels({ simd: './simd.wasm', relaxed: './relaxed.wasm' });
  const backends = [{ name: 'wasm', module }, { name: 'webgpu' }, { name: 'tfjs-wasm', wasmPaths: '/tfjs/' }] as const;
  try {
    const curves: Record<string, number[]> = {};
    for (const backend of backends) curves[backend.name] = await losses(backend);
    self.postMessage({ curves });
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};
