import { expect, it } from 'vitest';
import { describeModels } from './models.ts';

it('the page knows what the models that ship are before it loads one', async () => {
  const [english, sentiment] = await describeModels();
  expect(english).toMatchObject({ name: 'english', task: 'fill-mask', file: 'english.safetensors' });
  expect(english?.parameters).toBeGreaterThan(1e6);
  expect(sentiment).toMatchObject({ task: 'classification', labels: ['negative', 'positive'] });
  expect(sentiment?.config.hiddenSize).toBeGreaterThan(0);
});
