import { expect, it } from 'vitest';
import { Project, type StudioModel } from './project.ts';
import { fromSite } from './site-models.ts';

const model = (id: string): StudioModel => ({
  id,
  name: id,
  task: 'fill-mask',
  config: {} as StudioModel['config'],
  parameters: 1,
  artifact: async () => new Blob([]),
});

it('a model takes the place of the one with its id, and one that goes is chosen no more', () => {
  const project = new Project([model('site:a')]);
  project.addModel(model('run:b'));
  project.addModel({ ...model('run:b'), name: 'again' });
  expect(project.models.value.map(({ name }) => name)).toEqual(['site:a', 'again']);
  project.chosen.value = 'run:b';
  expect(project.chosenModel.value?.name).toBe('again');
  project.removeModel('run:b');
  expect(project.chosen.value).toBeUndefined();
  expect(project.chosenModel.value).toBeUndefined();
});

it('a model of the site that cannot be fetched is a network error', async () => {
  const filler = fromSite({ ...model('lacuna-fill'), file: 'lacuna-fill.safetensors' });
  expect(filler.id).toBe('site:lacuna-fill');
  // Node knows no address without a host.
  await expect(filler.artifact()).rejects.toMatchObject({ code: 'network' });
});
