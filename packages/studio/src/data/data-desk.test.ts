import { LacunaError } from '@lacuna/core/errors';
import { expect, it } from 'vitest';
import { Project } from '../project.ts';
import { guessColumns } from './columns.ts';
import { DataDesk, formatOfText } from './data-desk.ts';
import { readData } from './read-data.ts';
import type { DataSource, ReadResult } from './source.ts';

const TEXT = Array.from({ length: 40 }, (_, i) => `A sentence of some words, number ${i}.`).join('\n');

/** A desk whose data are kept in a variable, as the browser's storage would. */
function desk(read = (source: DataSource) => readData(source), stored?: ReadResult) {
  const project = new Project();
  let kept = stored;
  const hands = {
    read,
    kept: async () => kept,
    keep: async (result: ReadResult) => {
      kept = result;
    },
    forget: async () => {
      kept = undefined;
    },
  };
  return { project, desk: new DataDesk(project, hands), kept: () => kept };
}

it('what was read before stays when the next file cannot be read', async () => {
  const { project, desk: data } = desk();
  await data.openText(TEXT);
  const before = project.data.value;
  expect(before?.name).toBe('Pasted text');
  await data.openFiles([new File(['text,label\na'], 'broken.csv')]);
  expect(data.error.value).toMatchObject({ code: 'malformed_data' });
  expect(project.data.value).toBe(before);
  // Its columns can still be chosen: of what is shown, not of what was refused.
  expect(data.file.value?.name).toBe('Pasted text');
  expect(data.refused.value?.name).toBe('broken.csv');
  expect(data.progress.value).toBeUndefined();
});

it('a file of another kind is refused before it is read', async () => {
  const { project, desk: data } = desk(() => Promise.reject(new Error('was read')));
  await data.openFiles([new File([''], 'photo.png')]);
  expect(data.error.value).toBeInstanceOf(LacunaError);
  expect(data.error.value).toMatchObject({ code: 'unsupported_format' });
  expect(project.data.value).toBeUndefined();
});

it('the file that was given last wins, however long the one before takes', async () => {
  let finishFirst = () => {};
  const first = new Promise<void>((resolve) => {
    finishFirst = resolve;
  });
  const { project, desk: data } = desk(async (source) => {
    if (source.kind === 'file' && source.name === 'slow.txt') await first;
    return readData(source);
  });
  const slow = data.openFiles([new File([TEXT], 'slow.txt')]);
  await data.openFiles([new File([TEXT], 'quick.txt')]);
  finishFirst();
  await slow;
  expect(project.data.value?.name).toBe('quick.txt');
});

it('a table is read again with other columns, and removed at last', async () => {
  const { project, desk: data, kept } = desk();
  const rows = TEXT.split('\n').map((text, i) => `"${text}",${i % 2 ? 'x' : 'y'}`);
  await data.openFiles([new File([`text,label\n${rows.join('\n')}`], 'a.csv')]);
  expect(project.data.value?.kind).toBe('labelled');
  await data.chooseColumns({ text: 'text', label: undefined });
  expect(project.data.value?.kind).toBe('text');
  expect(project.reached.value.has('data')).toBe(true);
  expect(kept()?.data).toBe(project.data.value);
  data.remove();
  expect(project.data.value).toBeUndefined();
  expect(kept()).toBeUndefined();
});

it('pasted text is a table where its first lines look like one', () => {
  expect(formatOfText('{"text": "a", "label": "b"}\n{}')).toBe('jsonl');
  expect(formatOfText('text\tlabel\na\tb')).toBe('tsv');
  expect(formatOfText('A line with\ta tab.\nAnd one without.')).toBe('txt');
});

it('columns are guessed by their names, else by what is in them', () => {
  const named = [{ id: '1', Review: 'Short.', Sentiment: 'good' }];
  expect(guessColumns(['id', 'Review', 'Sentiment'], named)).toEqual({ text: 'Review', label: 'Sentiment' });
  const rows = ['a', 'b', 'a', 'b'].map((kind, i) => ({ '1': kind, '2': `A long text, the ${i}th of some.` }));
  expect(guessColumns(['1', '2'], rows)).toEqual({ text: '2', label: '1' });
  const different = ['p', 'q', 'r', 's'].map((key, i) => ({ '1': key, '2': `A long text, the ${i}th of some.` }));
  expect(guessColumns(['1', '2'], different)).toEqual({ text: '2', label: undefined });
});

it('data of an earlier page are there again, unless others were brought first', async () => {
  const stored = await readData({ kind: 'embedded', stories: 50 });
  const later = desk(undefined, stored);
  await later.desk.restore();
  expect(later.project.data.value).toBe(stored.data);
  expect(later.project.reached.value.has('data')).toBe(true);
  const quicker = desk(undefined, stored);
  await Promise.all([quicker.desk.openText(TEXT), quicker.desk.restore()]);
  expect(quicker.project.data.value?.name).toBe('Pasted text');
});
