/** Tables as text: tab- or comma-separated lines with a header, or a JSON object a line, read as rows of named cells. */
import { LacunaError } from '../errors.ts';
import type { TableRow } from './source.ts';

export const TABLE_FORMATS = ['tsv', 'csv', 'jsonl'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Longer rows are taken for a quote that was never closed. */
const MAX_ROW_LENGTH = 1 << 20;

/**
 * Rows of `lines`. TSV cells are taken as they stand; CSV follows RFC 4180: quoted cells may hold commas, doubled quotes
 * and line ends. Blank lines are passed over. With `header` false, columns are named `1`, `2`, ….
 *
 * @throws `malformed_data` with the line's number.
 */
export async function* tableRows(
  lines: AsyncIterable<string>,
  format: TableFormat,
  name: string,
  header = true,
): AsyncGenerator<TableRow, void, void> {
  if (format === 'jsonl') yield* jsonRows(lines, name);
  else yield* separatedRows(lines, format, name, header);
}

async function* jsonRows(lines: AsyncIterable<string>, name: string): AsyncGenerator<TableRow, void, void> {
  let line = 0;
  for await (const text of lines) {
    line++;
    if (text.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      malformed(name, line, `a JSON object, got ${excerpt(text)}`, cause);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      malformed(name, line, `a JSON object, got ${excerpt(text)}`);
    }
    yield { line, cells: value as Record<string, unknown> };
  }
}

async function* separatedRows(
  lines: AsyncIterable<string>,
  format: 'tsv' | 'csv',
  name: string,
  header: boolean,
): AsyncGenerator<TableRow, void, void> {
  let columns: readonly string[] | undefined;
  let line = 0;
  let start = 0;
  let pending = '';
  for await (const text of lines) {
    line++;
    if (pending === '') {
      if (text.trim() === '') continue;
      start = line;
    }
    let cells: readonly string[];
    if (format === 'tsv') cells = text.split('\t');
    else {
      pending += pending === '' ? text : `\n${text}`;
      if (hasOpenQuote(pending)) {
        if (pending.length > MAX_ROW_LENGTH)
          malformed(name, start, 'a closing quote, got none in a million characters');
        continue;
      }
      cells = splitCsv(pending, name, start);
      pending = '';
    }
    if (columns === undefined) {
      columns = header ? cells.map((cell) => cell.trim()) : cells.map((_, i) => `${i + 1}`);
      if (new Set(columns).size !== columns.length)
        malformed(name, start, 'a header with each column once, got one twice');
      if (header) continue;
    }
    if (cells.length !== columns.length) malformed(name, start, `${columns.length} cells, got ${cells.length}`);
    yield { line: start, cells: Object.fromEntries(columns.map((column, i) => [column, cells[i]])) };
  }
  if (pending !== '') malformed(name, start, 'a closing quote, got the end of the file');
}

/** Quotes pair up whether they open, close or stand doubled: an odd number leaves one open. */
function hasOpenQuote(text: string): boolean {
  let open = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) open = !open;
  return open;
}

/** By hand: a pattern's stack would not hold a cell of megabytes. */
function splitCsv(text: string, name: string, line: number): string[] {
  const cells: string[] = [];
  for (let at = 0; ; ) {
    const isQuoted = text[at] === '"';
    let end = isQuoted ? closingQuote(text, at + 1) + 1 : text.indexOf(',', at);
    if (end < 0) end = text.length;
    const cell = isQuoted ? text.slice(at + 1, end - 1).replaceAll('""', '"') : text.slice(at, end);
    if ((end < text.length && text[end] !== ',') || (!isQuoted && cell.includes('"'))) {
      malformed(name, line, 'a cell to be quoted as a whole, with quotes in it doubled');
    }
    cells.push(cell);
    if (end === text.length) return cells;
    at = end + 1;
  }
}

/** Where the first quote from `from` on stands that is not doubled, or −1. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

function excerpt(text: string): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}

function malformed(name: string, line: number, what: string, cause?: unknown): never {
  throw new LacunaError('malformed_data', `${name}: line ${line}: expected ${what}.`, { file: name, line }, { cause });
}
