import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { listModel, readListing } from './model-listing.ts';
import { readTrainedModel } from './trained-model.ts';

let folder: string;
let list: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-listing-'));
  list = join(folder, 'models.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const task = 'fill-mask';
const read = () => (JSON.parse(readFileSync(list, 'utf8')) as { models: unknown[] }).models;
const add = (file: string, name: string, more: { task?: string; description?: string } = {}) =>
  listModel(join(folder, file), { name, task, ...more });

it('begins a list and adds to it', async () => {
  await add('a.st', 'a');
  await add('b.st', 'b', { description: 'second' });
  expect(read()).toEqual([
    { name: 'a', task, file: 'a.st' },
    { name: 'b', task, file: 'b.st', description: 'second' },
  ]);
});

it('replaces the model of the same name, where it stands', async () => {
  for (const name of ['a', 'b']) await add(`${name}.st`, name);
  await add('new.st', 'a');
  expect(read()).toEqual([
    { name: 'a', task, file: 'new.st' },
    { name: 'b', task, file: 'b.st' },
  ]);
});

it('lists a file once, by the name it was given last', async () => {
  for (const name of ['a', 'b', 'c']) await add(`${name}.st`, name);
  await add('a.st', 'renamed');
  expect(read()).toMatchObject([{ name: 'renamed', file: 'a.st' }, { name: 'b' }, { name: 'c' }]);
  // Both the entry of its name and that of its file are gone.
  await add('a.st', 'c');
  expect(read()).toEqual([
    { name: 'b', task, file: 'b.st' },
    { name: 'c', task, file: 'a.st' },
  ]);
});

it('keeps a description until there is another, or another task', async () => {
  await add('a.st', 'a', { description: 'told once' });
  await add('a.st', 'a');
  await add('a.st', 'renamed');
  expect(read()).toEqual([{ name: 'renamed', task, file: 'a.st', description: 'told once' }]);
  await add('a.st', 'renamed', { description: 'told anew' });
  expect(read()).toMatchObject([{ description: 'told anew' }]);
  await add('a.st', 'renamed', { task: 'text-classification' });
  expect(read()).toEqual([{ name: 'renamed', task: 'text-classification', file: 'a.st' }]);
});

it.each(['{"models": [', 'null', '[]', '{"models": {}}', '{"models": [null]}', '{"models": [{"name": "a"}]}'])(
  'refuses %s as a list and leaves it as it is: malformed_data',
  async (text) => {
    writeFileSync(list, text);
    await expect(add('a.st', 'a')).rejects.toMatchObject({ code: 'malformed_data', facts: { path: list } });
    expect(readFileSync(list, 'utf8')).toBe(text);
  },
);

it('takes only a list that is not there for an empty one', async () => {
  mkdirSync(list);
  await expect(add('a.st', 'a')).rejects.toMatchObject({ name: 'LacunaError', code: 'malformed_data' });
});

it('the models that ship are listed with the versions that their files have', async () => {
  const folder = fileURLToPath(new URL('../../../models', import.meta.url));
  const listed = await readListing(join(folder, 'models.json'));
  const found = await Promise.all(listed.map(async ({ file }) => readTrainedModel(join(folder, file))));
  expect(listed.map(({ version }) => version)).toEqual(found.map(({ version }) => version));
});
