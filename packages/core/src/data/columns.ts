/** Which column of a table holds what: by a given name, or by the names that data sets use. */
import { LacunaError } from '../errors.ts';
import { type TableRow, type TableSource, withoutBreaks } from './source.ts';

export const TEXT_COLUMNS = ['text', 'sentence'] as const;
export const LABEL_COLUMNS = ['label', 'labels'] as const;

const POSITION = /^[1-9]\d*$/;

/** Rows; where a column is given by its position (`1`), the table has no header. */
export function rowsFor(table: TableSource, ...columns: readonly (string | undefined)[]): AsyncIterable<TableRow> {
  return table.rows(!columns.some((column) => column !== undefined && POSITION.test(column)));
}

/** The given column, or the first of `usual` that the row has. Throws `unknown_column`. */
export function columnOf(
  table: TableSource,
  row: TableRow,
  given: string | undefined,
  usual: readonly string[],
): string {
  const wanted = given === undefined ? usual : [given];
  const column = wanted.find((name) => Object.hasOwn(row.cells, name));
  if (column === undefined) {
    const columns = Object.keys(row.cells);
    throw new LacunaError(
      'unknown_column',
      `${table.name}: line ${row.line}: expected a column ${wanted.map((name) => `"${name}"`).join(' or ')}, got ` +
        `${columns.map((name) => `"${name}"`).join(', ')}. Name the column, or give its number if there is no header.`,
      { file: table.name, line: row.line, expected: wanted, columns },
    );
  }
  return column;
}

/** A cell as text, with line breaks made spaces. Throws `malformed_data` unless it is a string. */
export function textOf(table: TableSource, row: TableRow, column: string): string {
  const cell = row.cells[column];
  if (typeof cell !== 'string') {
    throw new LacunaError(
      'malformed_data',
      `${table.name}: line ${row.line}: expected text in "${column}", got ${JSON.stringify(cell)}.`,
      { file: table.name, line: row.line, column },
    );
  }
  return withoutBreaks(cell).replaceAll(/\s*\n\s*/g, ' ');
}

/** The texts of a table as a stream of lines. */
export async function* textsOf(table: TableSource, textColumn?: string, skip = 0): AsyncGenerator<string, void, void> {
  let column: string | undefined;
  let at = 0;
  for await (const row of rowsFor(table, textColumn)) {
    column ??= columnOf(table, row, textColumn, TEXT_COLUMNS);
    if (at++ >= skip) yield textOf(table, row, column);
  }
}
