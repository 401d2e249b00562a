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
  /** Names the file's content. */
  readonly version?: string;
}

/**
 * Adds the model to the folder's list, in place of the one of its name and of the one that its file held before; their
 * description stays unless there is a new one. The first of each task is its default. Throws `malformed_data`.
 */
export async function listModel(path: string, model: Omit<ListedModel, 'file'>): Promise<void> {
  const listPath = join(dirname(path), 'models.json');
  const models = await readListing(listPath);
  const file = basename(path);
  const old = models.find(({ name }) => name === model.name) ?? models.find((listed) => listed.file === file);
  // What was said of a model for another task is not true of this one.
  const kept = old?.description !== undefined && old.task === model.task ? { description: old.description } : {};
  const entry = { ...kept, ...model, file };
  if (old === undefined) models.push(entry);
  const updated = models
    .map((listed) => (listed === old ? entry : listed))
    .filter((listed) => listed === entry || listed.file !== file);
  await saveBytes(listPath, new TextEncoder().encode(`${JSON.stringify({ models: updated }, null, 2)}\n`));
}

/** What the list at `path` holds; nothing where there is no list yet. Throws `malformed_data`. */
export async function readListing(path: string): Promise<ListedModel[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw unlisted(path, message, cause);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unlisted(path, 'something that is not JSON', cause);
  }
  const { models } = (parsed ?? {}) as { models?: unknown };
  if (!Array.isArray(models) || !models.every(isListed)) throw unlisted(path, 'something else');
  return models;
}

function isListed(value: unknown): value is ListedModel {
  const { name, task, file } = (value ?? {}) as Record<string, unknown>;
  return [name, task, file].every((field) => typeof field === 'string');
}

/** The list is somebody's work: it is not replaced by one that holds the new model alone. */
function unlisted(path: string, got: string, cause?: unknown): LacunaError {
  const help = 'Put it right or move it away.';
  return new LacunaError(
    'malformed_data',
    `models: expected a list of models in ${path}, got ${got}. ${help}`,
    { path },
    { cause },
  );
}
