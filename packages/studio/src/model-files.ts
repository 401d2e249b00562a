/** Model files that are opened from a disk, as models at hand. */
import { loadModel } from '@lacuna/client/local';
import type { Project, StudioModel } from './project.ts';

/** Reads and checks the file, and adds its model to those at hand. Throws what `loadModel` throws. */
export async function openModelFile(project: Project, file: File): Promise<StudioModel> {
  const loaded = await loadModel(file);
  loaded.close();
  const { name, task, labels, config, parameters } = loaded;
  const isClassifier = task === 'text-classification';
  const model: StudioModel = {
    id: `file:${file.name}`,
    name: `${name} (${file.name})`,
    task: isClassifier ? 'classification' : 'fill-mask',
    ...(isClassifier ? { labels } : {}),
    config,
    parameters,
    artifact: async () => file,
  };
  project.addModel(model);
  return model;
}
