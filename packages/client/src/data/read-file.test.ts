import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { formatOfName, readLines, readRows } from './index.ts';

const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
};

it('a file’s lines come without their ends, also out of a compressed one', async () => {
  const text = 'One.\r\nTwo.\n\nÜber.';
  expect(await all(readLines(new Blob([text]), 'a.txt'))).toEqual(['One.', 'Two.', '', 'Über.']);
  expect(await all(readLines(new Blob([gzipSync(text)]), 'a.txt.gz'))).toEqual(['One.', 'Two.', '', 'Über.']);
});

it('a table’s rows come by the names of its columns, or by their numbers', async () => {
  const table = new Blob(['text,label\n"a, b",x\n']);
  expect(await all(readRows(table, 'a.csv', 'csv'))).toEqual([{ line: 2, cells: { text: 'a, b', label: 'x' } }]);
  expect((await all(readRows(table, 'a.csv', 'csv', false)))[0]).toEqual({ line: 1, cells: { 1: 'text', 2: 'label' } });
});

it('what is no text, and what browsers cannot unpack, is refused with a code', async () => {
  const bytes = new Blob([new Uint8Array([0xff, 0xfe])]);
  await expect(all(readLines(bytes, 'a.txt'))).rejects.toMatchObject({ code: 'binary_text' });
  await expect(all(readLines(bytes, 'a.txt.zst'))).rejects.toMatchObject({ code: 'unsupported_format' });
});

it('a format is told by the name’s ending', () => {
  expect(['a.CSV', 'a.tsv.gz', 'a.jsonl', 'a.md'].map(formatOfName)).toEqual(['csv', 'tsv', 'jsonl', 'txt']);
});
