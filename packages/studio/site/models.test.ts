import { expect, it } from 'vitest';
import { describeModels } from './models.ts';

it('the page knows what the models that ship are before it loads one', async () => {
  const [filler, sentiment] = await describeModels();
  expect(filler).toMatchObject({ name: 'lacuna-fill', task: 'fill-mask', file: 'lacuna-fill.safetensors' });
  expect(filler?.parameters).toBeGreaterThan(1e6);
  expect(sentiment).toMatchObject({ task: 'classification', labels: ['negative', 'positive'] });
  expect(sentiment?.config.hiddenSize).toBeGreaterThan(0);
});
