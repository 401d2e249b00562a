import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { LabelledDataSet } from '../project.ts';
import { readData } from './read-data.ts';
import type { FileSource } from './source.ts';

const file = (text: string | Uint8Array<ArrayBuffer>, name: string, more: Partial<FileSource> = {}): FileSource => ({
  kind: 'file',
  file: new Blob([text]),
  name,
  format: name.includes('.csv') ? 'csv' : name.includes('.jsonl') ? 'jsonl' : 'txt',
  header: true,
  ...more,
});

const WORDS = ['river', 'bread', 'stone', 'lamp', 'green', 'quiet', 'opens', 'winter', 'falls', 'seven'];
/** Different texts of a few words. */
const sentence = (i: number) => `The ${WORDS[i % 10]} ${WORDS[Math.floor(i / 10) % 10]} is number ${i}.`;
const lines = (n: number) => Array.from({ length: n }, (_, i) => sentence(i));
const trained = async (source: FileSource) => {
  const { data } = await readData(source);
  const text = await (data.train.content as Blob).text();
  return { data, trained: text.split('\n').filter((line) => line !== '') };
};

it('every text is either for training or held out, about a twentieth the latter', async () => {
  const texts = lines(400);
  const { data, trained: train } = await trained(file(texts.join('\n'), 'a.txt'));
  expect(data.heldOut).toHaveLength(20);
  expect([...train, ...(data.heldOut as string[])].sort()).toEqual([...texts].sort());
  expect(data.trainTexts).toBe(380);
});

it('the same texts are held out whatever the order of the file, and all copies of one with it', async () => {
  const texts = lines(300);
  const one = await trained(file(texts.join('\n'), 'a.txt'));
  const twice = await trained(file([...texts.toReversed(), ...texts].join('\n'), 'a.txt'));
  const heldOut = new Set(twice.data.heldOut as string[]);
  expect(heldOut).toEqual(new Set(one.data.heldOut as string[]));
  expect(twice.trained.filter((line) => heldOut.has(line))).toEqual([]);
});

it('at most a thousand texts of a large file are held out, and none that training reads', async () => {
  const { data, trained: train } = await trained(file(lines(30_000).join('\n'), 'a.txt'));
  expect(data.heldOut).toHaveLength(1000);
  expect(train).toHaveLength(29_000);
  const seen = new Set(train);
  expect((data.heldOut as string[]).filter((line) => seen.has(line))).toEqual([]);
});

it('a table is read by its columns, quotes and all, and every label stays in training', async () => {
  const rows = lines(100).map((text, i) => `"${text.replace('.', ', said ""she"".')}",${i % 2 ? 'bad' : 'good'},${i}`);
  const { data, trained: train } = await trained(file(`review,label,id\n${rows.join('\n')}\n"Alone.",rare,7`, 'a.csv'));
  const { labels, heldOut } = data as LabelledDataSet;
  expect(data.kind).toBe('labelled');
  expect(labels).toEqual(['bad', 'good', 'rare']);
  expect(heldOut.length).toBeGreaterThan(10);
  const parsed = train.map((line) => JSON.parse(line) as { text: string; label: string });
  expect(new Set(parsed.map(({ label }) => label))).toEqual(new Set(labels));
  expect(parsed.some(({ text }) => text.includes('said "she".'))).toBe(true);
  expect(data.statistics.labels[0]).toEqual({ label: 'bad', count: 50 });
});

it('columns that are chosen go before those that are guessed', async () => {
  const text =
    'text,label,other\nSome words here.,x,A longer text in another column.\nMore words here.,y,And one more of them.';
  const source = file(text, 'a.csv', { columns: { text: 'other', label: undefined } });
  const { data, preview, table } = await readData(source);
  expect(data.kind).toBe('text');
  expect(preview[0]).toEqual({ text: 'A longer text in another column.' });
  expect(table).toEqual({ columns: ['text', 'label', 'other'], chosen: { text: 'other', label: undefined } });
});

it('a compressed file reads as the file itself', async () => {
  const text = lines(50).join('\n');
  const plain = await trained(file(text, 'a.txt'));
  const packed = await trained(file(new Uint8Array(gzipSync(text)), 'a.txt.gz'));
  expect(packed.trained).toEqual(plain.trained);
  expect(packed.data.statistics).toEqual(plain.data.statistics);
});

it('the embedded stories are read without a file', async () => {
  const { data } = await readData({ kind: 'embedded', stories: 500 });
  expect(data.trainTexts + data.heldOut.length).toBe(500);
  expect(data.statistics.lengths.reduce((sum, { count }) => sum + count, 0)).toBe(500);
});

it.each([
  ['a table whose rows differ in length', file('text,label\na,b\nc', 'a.csv'), 'malformed_data', /a\.csv: line 3/],
  ['a JSON line that is none', file('{"text": "a"}\n{', 'a.jsonl'), 'malformed_data', /line 2/],
  ['bytes that are no text', file(new Uint8Array([0xff, 0xfe, 0, 1]), 'a.txt'), 'binary_text', /UTF-8/],
  ['a broken archive', file(new Uint8Array([0x1f, 0x8b, 8, 0, 1]), 'a.txt.gz'), 'malformed_data', /broken/],
  ['an empty file', file('\n\n', 'a.txt'), 'empty_text', /expected texts, got none/],
  ['a cell that is a list', file('{"text": ["a"]}', 'a.jsonl'), 'malformed_data', /line 1/],
])('%s is refused with a code and its place', async (_, source, code, message) => {
  await expect(readData(source)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

it('warns of duplicates, of rows without a label, of rare labels and of too few rows', async () => {
  const rows = [...lines(30), ...lines(3)].map((text, i) => `${text}\t${i < 28 ? 'a' : 'b'}`);
  const { data } = await readData(file(`text\tlabel\n${rows.join('\n')}\nNo label\t`, 'a.tsv', { format: 'tsv' }));
  expect(data.warnings.map(({ code }) => code)).toEqual(['duplicates', 'empty', 'little_text', 'rare_labels']);
  expect(data.statistics).toMatchObject({ texts: 33, duplicates: 3, empty: 1 });
  expect(data.warnings[0]?.message).toBe('3 texts of 33 stood there before. They count twice.');
});

it('warns of one label and of unbalanced ones', async () => {
  const table = (label: (i: number) => string) =>
    file(
      `text,label\n${lines(300)
        .map((text, i) => `${text},${label(i)}`)
        .join('\n')}`,
      'a.csv',
    );
  const codes = async (source: FileSource) => (await readData(source)).data.warnings.map(({ code }) => code);
  expect(await codes(table(() => 'same'))).toEqual(['one_label']);
  expect(await codes(table((i) => (i % 20 === 0 ? 'few' : 'many')))).toEqual(['unbalanced']);
  expect(await codes(table((i) => `${i % 2}`))).toEqual([]);
});
