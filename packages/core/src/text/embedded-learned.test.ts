import { expect, it } from 'vitest';
import { loadKernels } from '../backends/wasm/load-node.ts';
import { WindowStream } from '../data/windows.ts';
import { CONFIGS } from '../model/config.ts';
import type { MaskedMetrics } from '../training/evaluation.ts';
import { createLanes } from '../training/lanes-node.ts';
import { heldOutBatches } from '../training/masked-batches.ts';
import { PRETRAIN_RECIPE, pretrain } from '../training/pretrain.ts';
import { embeddedSource } from './embedded.ts';
import { embeddedFloor } from './embedded-floor.ts';
import { Tokenizer } from './tokenizer.ts';
import { trainTokenizer } from './tokenizer-training.ts';

it('the tiny model learns the embedded corpus to within 5 % of its floor, on stories it has not seen', async () => {
  const { vocabSize } = CONFIGS.tiny;
  const stories = embeddedSource();
  const tokenizer = Tokenizer.fromJSON(await trainTokenizer(stories.lines(), { vocabSize, maxBytes: 2_500_000 }));
  const heldOut = new WindowStream([embeddedSource({ seed: 2, stories: 4000 })], tokenizer, { seed: 1 });
  const batches = await heldOutBatches(heldOut, tokenizer, {
    windows: 256,
    length: 64,
    ratio: 0.15,
    seed: 0,
    spans: [1, 1],
  });
  const floor = embeddedFloor(batches, tokenizer);
  const module = await loadKernels('auto');
  const events = pretrain({
    config: { ...CONFIGS.tiny, vocabSize: tokenizer.vocabSize },
    recipe: {
      ...PRETRAIN_RECIPE,
      seed: 1,
      budget: { tokens: 1_600_000 },
      batchTokens: [1024, 2048],
      length: 64,
      learningRate: 4e-3,
      spans: [1, 1],
    },
    vocabulary: tokenizer,
    openWindows: () => new WindowStream([stories], tokenizer, { seed: 1 }),
    makeLanes: (task) => createLanes(task, { lanes: 1, backend: { name: 'wasm', module } }),
    evaluation: { batches },
  });
  let metrics: MaskedMetrics | undefined;
  for await (const event of events) {
    if (event.type === 'done' && event.metrics && 'top1' in event.metrics) metrics = event.metrics;
  }
  expect(metrics?.tokens).toBe(floor.tokens);
  const excess = (metrics?.crossEntropy ?? Number.POSITIVE_INFINITY) / floor.crossEntropy;
  expect(excess).toBeLessThan(1.05);
  // Nothing that does not see the gaps scores much below what inference over the grammar does.
  expect(excess).toBeGreaterThan(0.99);
  expect(metrics?.top1).toBeGreaterThan(floor.top1 - 0.03);
}, 300_000);
