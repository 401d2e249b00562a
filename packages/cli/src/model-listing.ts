/** `models.json`, the list of what a folder of models serves: kept up to date by every export into the folder. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LacunaError } from '@lacuna/core';
import { saveBytes } from '@lacuna/core/node';

interface ListedModel {
  readonly name: string;
  readonly task: string;
  readonly file: string;
  readonly description?: string;
}

/** Adds the model to the folder's list or replaces the one of its name. The first of each task is its default. */
export async function listModel(path: string, model: Omit<ListedModel, 'file'>): Promise<void> {
  const listPath = join(dirname(path), 'models.json');
  const models = await readListing(listPath);
  const entry = { ...model, file: basename(path) };
  const at = models.findIndex(({ name }) => name === model.name);
  if (at < 0) models.push(entry);
  else models[at] = entry;
  await saveBytes(listPath, new TextEncoder().encode(`${JSON.stringify({ models }, null, 2)}\n`));
}

async function readListing(path: string): Promise<ListedModel[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return [];
  }
  try {
    const { models } = JSON.parse(text) as { models: ListedModel[] };
    if (Array.isArray(models)) return models;
  } catch {}
  throw new LacunaError('malformed_data', `export: expected a list of models in ${path}, got something else.`, {
    path,
  });
}
