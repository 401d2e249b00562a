import { describe, expect, it } from 'vitest';
import { initialParameters } from '../model/parameters.ts';
import { Random } from '../random/random.ts';
import { FINETUNE_RECIPE, type FinetuneOptions, finetune } from './finetune.ts';
import { wasmLanes } from './testing.ts';
import type { EncodedExample } from './text-batches.ts';
import { namedTexts, TOY_CONFIG } from './toy-data.ts';
import type { TrainingEvent } from './trainer.ts';

const recipe = { ...FINETUNE_RECIPE, epochs: 6, batchSize: 16, learningRate: 1e-2, dropout: 0 };
const held = namedTexts(60, 2);

function options(more: Partial<FinetuneOptions> = {}): FinetuneOptions {
  return {
    config: TOY_CONFIG,
    numLabels: 2,
    recipe,
    examples: namedTexts(160, 1),
    evaluation: { examples: held },
    makeLanes: wasmLanes(1),
    ...more,
  };
}

async function last(events: AsyncIterable<TrainingEvent>): Promise<TrainingEvent | undefined> {
  let event: TrainingEvent | undefined;
  for await (event of events);
  return event;
}

describe('finetune', () => {
  it('learns which token names the label', async () => {
    const done = await last(finetune(options()));
    expect(done).toMatchObject({ type: 'done', step: 60, complete: true, metrics: { examples: 60 } });
    const metrics = done?.type === 'done' && done.metrics && 'accuracy' in done.metrics ? done.metrics : undefined;
    expect(metrics?.accuracy).toBeGreaterThan(0.95);
    expect(metrics?.macroF1).toBeGreaterThan(0.95);
  });

  it('learns several labels at once', async () => {
    const both = (example: EncodedExample): EncodedExample => ({
      ids: example.ids,
      targets: Float32Array.of(example.targets[0] as number, 1, example.targets[1] as number),
    });
    const done = await last(
      finetune(
        options({
          numLabels: 3,
          recipe: { ...recipe, multiLabel: true },
          examples: namedTexts(160, 1).map(both),
          evaluation: { examples: held.map(both) },
        }),
      ),
    );
    const metrics = done?.type === 'done' && done.metrics && 'macroF1' in done.metrics ? done.metrics : undefined;
    expect(metrics?.macroF1).toBeGreaterThan(0.95);
  });

  it('learns from a teacher’s probabilities with the error on logits', async () => {
    const soft = namedTexts(160, 1).map(({ ids, targets }) => ({ ids, targets: targets.map((t) => 0.05 + 0.9 * t) }));
    const done = await last(finetune(options({ recipe: { ...recipe, logitsWeight: 0.5 }, examples: soft })));
    const metrics = done?.type === 'done' && done.metrics && 'accuracy' in done.metrics ? done.metrics : undefined;
    expect(metrics?.accuracy).toBeGreaterThan(0.95);
  });

  it('starts from a pre-trained encoder and leaves its decoder', async () => {
    const encoder = initialParameters(TOY_CONFIG, new Random(99));
    const marked = Float32Array.from({ length: TOY_CONFIG.hiddenSize }, (_, i) => 1 + i / 100);
    encoder['encoder.norm.weight'] = marked;
    for await (const event of finetune(options({ encoder, recipe: { ...recipe, epochs: 1, learningRate: 0 } }))) {
      if (event.type !== 'checkpoint') continue;
      const { parameters } = await event.state();
      const table = encoder['embeddings.word_embeddings.weight'] as Float32Array;
      expect(parameters.subarray(0, table.length)).toEqual(table);
      expect(Array.from(parameters).join()).toContain(Array.from(marked).join());
    }
  });
});
