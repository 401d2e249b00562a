import { describe, expect, it } from 'vitest';
import { readLabelled } from './labelled.ts';
import type { TableSource } from './source.ts';
import { type TableFormat, tableRows } from './table.ts';

function table(format: TableFormat, text: string): TableSource {
  async function* lines() {
    yield* text.split('\n');
  }
  return { name: `data.${format}`, rows: (header) => tableRows(lines(), format, `data.${format}`, header) };
}

describe('readLabelled', () => {
  it('reads columns by name, wherever they stand', async () => {
    expect(
      await readLabelled(table('tsv', 'id\tlabel\tsentence\n1\tspam\tBuy "now\n2\tham\tHello<br />you\n')),
    ).toEqual({
      examples: [
        { text: 'Buy "now', labels: [1] },
        { text: 'Hello you', labels: [0] },
      ],
      labels: ['ham', 'spam'],
    });
  });

  it('orders labels that are numbers as numbers', async () => {
    const { labels, examples } = await readLabelled(table('tsv', 'text\tlabel\na\t10\nb\t9\nc\t-1'));
    expect(labels).toEqual(['-1', '9', '10']);
    expect(examples.map((example) => example.labels)).toEqual([[2], [1], [0]]);
  });

  it('takes names or positions where the labels are given', async () => {
    const data = table('tsv', 'text\tlabel\na\tjoy\nb\t0\nc\t1');
    const { labels, examples } = await readLabelled(data, { labels: ['fear', 'joy'] });
    expect(labels).toEqual(['fear', 'joy']);
    expect(examples.map((example) => example.labels)).toEqual([[1], [0], [1]]);
  });

  it.each(['grief', '2', '-1', '1.0'])('refuses the label %s never seen, with its line', async (label) => {
    const data = table('tsv', `text\tlabel\na\t0\n\nb\t${label}`);
    await expect(readLabelled(data, { labels: ['fear', 'joy'] })).rejects.toMatchObject({
      code: 'unknown_label',
      facts: { label, line: 4 },
    });
  });

  it.each(['0', '6'])('takes the label %s for no position where all names are numbers', async (label) => {
    const data = table('tsv', `text\tlabel\na\t1\nb\t${label}`);
    await expect(readLabelled(data, { labels: ['1', '2', '3', '4', '5'] })).rejects.toMatchObject({
      code: 'unknown_label',
      facts: { label, line: 3 },
    });
  });

  it.each([
    ['one label', 'text\tlabel\na\tjoy\nb\tjoy', false, undefined],
    ['one given label', 'text\tlabel\na\tjoy', false, ['joy']],
    ['several labels a text and all cells blank', 'text\tlabel\na\t\nb\t ', true, undefined],
  ])('refuses a table with %s', async (_, text, multiLabel, labels) => {
    const options = { multiLabel, ...(labels ? { labels } : {}) };
    await expect(readLabelled(table('tsv', text), options)).rejects.toMatchObject({
      code: 'malformed_data',
      message: expect.stringMatching(/^data\.tsv: expected at least \d different labels?, got /),
    });
  });

  it('is content with one label where a text may have none', async () => {
    const { labels, examples } = await readLabelled(table('tsv', 'text\tlabel\na\tspam\nb\t'), { multiLabel: true });
    expect(labels).toEqual(['spam']);
    expect(examples.map((example) => example.labels)).toEqual([[0], []]);
  });

  it('reads several labels a text, or none', async () => {
    const data = table('csv', 'text,label\na,"joy, fear"\nb,\nc,joy|joy\nd,fear;rage');
    const { labels, examples } = await readLabelled(data, { multiLabel: true });
    expect(labels).toEqual(['fear', 'joy', 'rage']);
    expect(examples.map((example) => example.labels)).toEqual([[0, 1], [], [1], [0, 2]]);
  });

  it('takes the name for texts outside of all labels as no label', async () => {
    const data = table('tsv', 'text\tlabel\na\tjoy\nb\toos\nc\tfear');
    const { labels, examples } = await readLabelled(data, { outside: 'oos' });
    expect(labels).toEqual(['fear', 'joy']);
    expect(examples.map((example) => example.labels)).toEqual([[1], [], [0]]);
  });

  it('reads columns by their position in a table without a header', async () => {
    const data = table('tsv', 'first text\t4,1\tx\nsecond\t0\ty');
    const names = ['anger', 'disgust', 'fear', 'joy', 'neutral'];
    const read = await readLabelled(data, { textColumn: '1', labelColumn: '2', labels: names, multiLabel: true });
    expect(read.examples).toEqual([
      { text: 'first text', labels: [1, 4] },
      { text: 'second', labels: [0] },
    ]);
  });

  it('reads JSON lines with strings, numbers and lists as labels', async () => {
    const data = table(
      'jsonl',
      '{"text":"a\\nb","label":"x"}\n\n{"label":["y","x"],"text":"c"}\n{"text":"d","label":7}',
    );
    const { examples, labels } = await readLabelled(data, { multiLabel: true });
    expect(labels).toEqual(['7', 'x', 'y']);
    expect(examples[0]).toEqual({ text: 'a b', labels: [1] });
    expect(examples.map((example) => example.labels)).toEqual([[1], [1, 2], [0]]);
  });

  it.each([
    [{ textColumn: 'body' }, ['body']],
    [{ labelColumn: 'stars' }, ['stars']],
    [{ textColumn: 'toString' }, ['toString']],
  ])('refuses the unknown column of %j and says which there are', async (options, expected) => {
    await expect(readLabelled(table('tsv', 'text\tlabel\na\t1'), options)).rejects.toMatchObject({
      code: 'unknown_column',
      facts: { expected, columns: ['text', 'label'] },
    });
  });

  it('says which columns it looks for by itself', async () => {
    await expect(readLabelled(table('tsv', 'body\tlabel\na\t1'))).rejects.toMatchObject({
      code: 'unknown_column',
      message: expect.stringContaining('"text" or "sentence"'),
    });
  });

  it.each([
    ['one label', 'text\tlabel\na\t', 2],
    ['2 cells, got 3', 'text\tlabel\na\t1\nb\t1\tx', 3],
    ['each column once', 'text\ttext\na\tb', 1],
  ])('refuses rows without %s', async (what, text, line) => {
    await expect(readLabelled(table('tsv', text))).rejects.toMatchObject({
      code: 'malformed_data',
      message: expect.stringContaining(what),
      facts: { line },
    });
  });

  it('reads probabilities where they are asked for: what is left to 1 is shared by the labels that are not named', async () => {
    const data = table('jsonl', '{"text":"a","label":{"joy":0.9,"fear":0.04}}\n{"text":"b","label":"anger"}\n');
    const { examples } = await readLabelled(data, { soft: true, labels: ['anger', 'fear', 'grief', 'joy'] });
    expect(examples[0]).toMatchObject({ text: 'a', labels: [3] });
    [0.03, 0.04, 0.03, 0.9].forEach((p, i) => {
      expect(examples[0]?.probabilities?.[i]).toBeCloseTo(p, 6);
    });
    expect(examples[1]).toEqual({ text: 'b', labels: [0] });
    const several = await readLabelled(table('jsonl', '{"text":"a","label":{"joy":0.9,"fear":0.75}}'), {
      ...{ soft: true, multiLabel: true, labels: ['anger', 'fear', 'joy'] },
    });
    expect(several.examples).toEqual([{ text: 'a', labels: [1, 2], probabilities: Float32Array.of(0, 0.75, 0.9) }]);
    await expect(readLabelled(data)).rejects.toMatchObject({ code: 'malformed_data' });
  });

  it.each(['{}', '{"a":1.5}', '{"a":"1"}', '{"a":0.6,"b":0.6}'])('refuses the probabilities %s', async (cell) => {
    const data = table('jsonl', `{"text":"a","label":${cell}}`);
    await expect(readLabelled(data, { soft: true, labels: ['a', 'b'] })).rejects.toMatchObject({
      code: 'malformed_data',
      facts: { line: 1 },
    });
  });

  it.each(['', 'text\tlabel\n', '\n\n'])('refuses a table without rows: %j', async (text) => {
    await expect(readLabelled(table('tsv', text))).rejects.toMatchObject({ code: 'empty_text' });
  });
});

describe('tableRows', () => {
  async function cellsOf(format: TableFormat, text: string): Promise<unknown[]> {
    const rows: unknown[] = [];
    for await (const { line, cells } of table(format, text).rows()) rows.push([line, ...Object.values(cells)]);
    return rows;
  }

  it('reads CSV with quotes, doubled quotes, commas and line ends in cells', async () => {
    const text = 'a,b\n"x, y","say ""hi"""\n"two\nlines",\nplain,"""\n""q"\n,last';
    expect(await cellsOf('csv', text)).toEqual([
      [2, 'x, y', 'say "hi"'],
      [3, 'two\nlines', ''],
      [5, 'plain', '"\n"q'],
      [7, '', 'last'],
    ]);
  });

  it('reads CSV cells of many megabytes', async () => {
    const long = 'word '.repeat(3_200_000);
    const [row] = (await cellsOf('csv', `a,b\n"${long}",${long}`)) as [[number, string, string]];
    expect([row[0], row[1] === long, row[2] === long]).toEqual([2, true, true]);
  });

  it('leaves quotes in TSV alone', async () => {
    expect(await cellsOf('tsv', 'a\tb\n"x\ty"z')).toEqual([[2, '"x', 'y"z']]);
  });

  it.each([
    ['a,b\n1,"open', 2],
    ['a,b\n1,2\nx"y,"z"', 3],
    ['a,b\n"x"y,2', 2],
  ])('refuses CSV with quotes astray, with the line: %j', async (text, line) => {
    await expect(cellsOf('csv', text)).rejects.toMatchObject({ code: 'malformed_data', facts: { line } });
  });

  it.each(['{"text": "cut off', '[1]', '"text"', 'null', '{} {}'])(
    'refuses as JSON lines, with the line: %j',
    async (row) => {
      await expect(cellsOf('jsonl', `{"text":"a"}\n\n${row}\n{"text":"b"}`)).rejects.toMatchObject({
        code: 'malformed_data',
        facts: { line: 3 },
      });
    },
  );
});
