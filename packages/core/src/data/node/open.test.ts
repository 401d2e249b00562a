import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabelled } from '../labelled.ts';
import type { TextSource } from '../source.ts';
import { linesOf } from './lines.ts';
import { openTable, openText } from './open.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-data-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function collect(source: TextSource, skip?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of source.lines(skip)) lines.push(line);
  return lines;
}

const LINES = Array.from({ length: 29_990 }, (_, i) => (i % 50 === 49 ? '' : `Zeile ${i} über ${Math.sin(i)} 😀`));
const TEXT = LINES.join('\n');
const gz = () => gzipSync(TEXT);
const zst = () => zstdCompressSync(TEXT, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

describe('openText', () => {
  it.each([
    ['plain.txt', () => Buffer.from(TEXT)],
    ['dos.txt', () => Buffer.from(`\ufeff${LINES.join('\r\n')}`)],
    ['whole.txt.gz', gz],
    ['whole.txt.zst', zst],
    ['sized.zst', () => zstdCompressSync(TEXT, { pledgedSrcSize: Buffer.byteLength(TEXT) })],
    ['noending', () => Buffer.from(TEXT)],
  ])('reads the same lines from %s, again and again, and from any line on', async (name, content) => {
    const source = await openText(file(name, content()));
    expect(source.name).toBe(name);
    expect(await collect(source)).toEqual(LINES);
    for (const skip of [0, 1, 49, 29_989, 29_990, 40_000])
      expect(await collect(source, skip)).toEqual(LINES.slice(skip));
  });

  it('knows the size of the text in compressed files, or guesses', async () => {
    const bytes = Buffer.byteLength(TEXT);
    expect((await openText(file('size.gz', gz()))).sizeBytes).toBe(bytes);
    expect((await openText(file('size.zst', zst()))).sizeBytes).toBe(bytes);
    expect((await openText(file('size.txt', TEXT))).sizeBytes).toBe(bytes);
  });

  it('knows the size of the text in several frames, and guesses where a frame does not tell', async () => {
    const [one, two] = ['one '.repeat(9000), 'two '.repeat(200_000)];
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const sized = [one, two].map((text) =>
      zstdCompressSync(text, { pledgedSrcSize: text.length, params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
    );
    const frames = Buffer.concat([skippable, ...sized, zstdCompressSync('three')]);
    expect((await openText(file('frames-size.zst', frames))).sizeBytes).toBe(one.length + two.length + 5);
    const unsized = zstdCompressSync(two, { params: { [constants.ZSTD_c_contentSizeFlag]: 0 } });
    for (const content of [Buffer.concat([...sized, unsized]), frames.subarray(0, -5), gz()]) {
      expect((await openText(file('guessed-size.zst', content))).sizeBytes).toBe(3 * content.length);
    }
  });

  it('reads several compressed frames in a row, and passes over those that hold no text', async () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const frames = Buffer.concat([skippable, zstdCompressSync('one\ntw'), skippable, zstdCompressSync('o\nthree')]);
    expect(await collect(await openText(file('frames.zst', frames)))).toEqual(['one', 'two', 'three']);
    const members = Buffer.concat([gzipSync('one\ntw'), gzipSync('o\nthree')]);
    expect(await collect(await openText(file('members.gz', members)))).toEqual(['one', 'two', 'three']);
  });

  it.each([
    ['half.gz', () => gz().subarray(0, gz().length / 2)],
    ['tail.gz', () => gz().subarray(0, -1)],
    ['half.zst', () => zst().subarray(0, zst().length / 2)],
    ['tail.zst', () => zst().subarray(0, -1)],
    ['head.zst', () => zst().subarray(0, 3)],
    ['empty.zst', () => Buffer.alloc(0)],
    ['empty.gz', () => Buffer.alloc(0)],
    ['other.zst', () => gz()],
    ['other.gz', () => zst()],
    ['tailed.zst', () => Buffer.concat([zst(), Buffer.from('rubbish')])],
    ['altered.gz', () => altered(gz())],
    ['altered.zst', () => altered(zst())],
  ])('refuses %s as malformed_data', async (name, content) => {
    const source = await openText(file(name, content()));
    await expect(collect(source)).rejects.toMatchObject({ code: 'malformed_data' });
  });

  it.each([
    ['zero.txt', Buffer.from('text\0text')],
    ['image.txt', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xfe, 0x80])],
    ['latin1.txt', Buffer.from('Müller ging heim.', 'latin1')],
    ['utf16.txt', Buffer.from('\ufeffHello', 'utf16le')],
    ['late.txt', Buffer.concat([Buffer.from(TEXT), Buffer.from([0])])],
    ['zero.tsv', Buffer.from('text\tlabel\n\0\t1')],
  ])('refuses %s as binary_text', async (name, content) => {
    await expect(collect(await openText(file(name, content)))).rejects.toMatchObject({ code: 'binary_text' });
  });

  it('gives the text column of tables, chosen by name', async () => {
    const tsv = await openText(file('a.tsv.zst', zstdCompressSync('label\ttext\n1\tone<br />two\n0\tthree\n')));
    expect(await collect(tsv)).toEqual(['one two', 'three']);
    expect(await collect(tsv, 1)).toEqual(['three']);
    const csv = file('a.csv', 'title,sentence\r\n"A, B","x\r\ny"\r\nC,z\r\n');
    expect(await collect(await openText(csv))).toEqual(['x y', 'z']);
    expect(await collect(await openText(csv, 'title'))).toEqual(['A, B', 'C']);
    expect(await collect(await openText(csv, '2'))).toEqual(['sentence', 'x y', 'z']);
    expect(await collect(await openText(file('a.jsonl', '{"text":"one"}\n{"text":"two"}')))).toEqual(['one', 'two']);
    await expect(collect(await openText(csv, 'body'))).rejects.toMatchObject({ code: 'unknown_column' });
    const numbers = await openText(file('b.jsonl', '{"text":1}'));
    await expect(collect(numbers)).rejects.toMatchObject({ code: 'malformed_data', facts: { line: 1 } });
  });

  it('opens the embedded corpus by its name, and other stories of it', async () => {
    const [first, second] = [await openText('embedded'), await openText('embedded:2')];
    expect([first.name, second.name]).toEqual(['embedded', 'embedded:2']);
    const [line] = await collect(first, 99_999);
    expect(line).toMatch(/^[A-Z].*\.$/);
    expect(await collect(second, 99_999)).not.toEqual([line]);
  });

  it.each(['nothing.txt', 'nothing.txt/deeper.txt'])('refuses %s, which is not there', async (name) => {
    await expect(openText(join(folder, name))).rejects.toMatchObject({ code: 'file_not_found' });
    await expect(openTable(join(folder, name))).rejects.toMatchObject({ code: 'file_not_found' });
  });

  it('refuses a folder, and a pipe or a device for what it is', async () => {
    await expect(openText(folder)).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringContaining('got a folder'),
    });
    await expect(openText(devNull)).rejects.toMatchObject({
      code: 'file_not_found',
      message: expect.stringContaining('got a pipe or a device'),
    });
  });
});

describe('openTable', () => {
  it('joins the named lists of a JSON file, whose rows are pairs or objects', async () => {
    const path = file('sets.json', JSON.stringify({ test: [['a', 'x']], other: [{ label: 'y', text: 'b' }], n: 1 }));
    const { examples, labels } = await readLabelled(await openTable(`${path}#test+other`));
    expect([labels, examples]).toEqual([
      ['x', 'y'],
      [
        { text: 'a', labels: [0] },
        { text: 'b', labels: [1] },
      ],
    ]);
  });

  it('refuses a list that a JSON file lacks, and says which there are', async () => {
    const path = file('sets.json', JSON.stringify({ test: [['a', 'x']], other: [], n: 1 }));
    for (const name of [path, `${path}#train`, `${path}#n`]) {
      await expect(readLabelled(await openTable(name))).rejects.toMatchObject({
        code: 'malformed_data',
        facts: { lists: ['test', 'other'] },
      });
    }
  });

  it.each(['{"test": [1]}', '{"test": [["a", "b", "c"]]}', '{"test": '])('refuses the JSON %s', async (text) => {
    const path = file('odd.json', text);
    await expect(readLabelled(await openTable(`${path}#test`))).rejects.toMatchObject({ code: 'malformed_data' });
  });

  it('reads labelled files', async () => {
    const path = file('labelled.tsv.gz', gzipSync('sentence\tlabel\ngood\t1\nbad\t0\n'));
    expect((await readLabelled(await openTable(path))).examples).toHaveLength(2);
  });

  it('refuses what is no table', async () => {
    await expect(openTable(file('text.txt', 'text'))).rejects.toMatchObject({ code: 'unsupported_format' });
  });
});

describe('linesOf', () => {
  async function* chunks(text: string, size: number) {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  async function lines(text: string, size: number, options = {}): Promise<string[]> {
    const all: string[] = [];
    for await (const line of linesOf(chunks(text, size), 'text', options)) all.push(line);
    return all;
  }

  it.each([1, 2, 3, 7, 1000])('joins characters and lines over chunks of %d bytes', async (size) => {
    const text = '\n😀 über\r\n\nrest ohne Ende €';
    expect(await lines(text, size)).toEqual(['', '😀 über', '', 'rest ohne Ende €']);
    expect(await lines(`${text}\n`, size, { skip: 2 })).toEqual(['', 'rest ohne Ende €']);
  });

  it.each([5, 100])('cuts lines that are too long at spaces, never within characters (chunks of %d)', async (size) => {
    const text = `${'wort '.repeat(30)}${'😀'.repeat(20)}\nkurz`;
    const cut = await lines(text, size, { maxBytes: 22 });
    expect(cut.slice(0, -1).join('')).toBe(text.split('\n')[0]);
    expect(cut.at(-1)).toBe('kurz');
    for (const line of cut) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(22);
    expect(cut[0]).toBe('wort wort wort wort ');
    for (const skip of [1, 5, 9]) expect(await lines(text, size, { maxBytes: 22, skip })).toEqual(cut.slice(skip));
  });

  it('refuses long rows of tables, with the line', async () => {
    await expect(lines(`short\n${'x'.repeat(50)}`, 10, { maxBytes: 22, longer: 'refuse' })).rejects.toMatchObject({
      code: 'malformed_data',
      facts: { line: 2 },
    });
  });
});

function altered(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = Math.floor(copy.length / 2);
  copy[middle] = (copy[middle] as number) ^ 0x55;
  return copy;
}
