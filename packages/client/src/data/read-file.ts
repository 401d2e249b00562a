/** Files as lines and as rows: decompressed and decoded as they stream by, so that a large one is never in memory as a whole. */
import { type TableFormat, type TableRow, tableRows } from '@lacuna/core';
import { chunksOf, decompressed, linesOf } from '../training/lines.ts';

/** The lines of a text file, decompressed where its name ends in `.gz`. Throws `binary_text`, `malformed_data`, `unsupported_format`. */
export function readLines(file: Blob, name: string): AsyncIterable<string> {
  return linesOf(decompressed(chunksOf(file), name), name);
}

/**
 * The rows of a table; with `header` false its columns are named `1`, `2`, …. Throws what `readLines` does, and
 * `malformed_data` with the line that is off.
 */
export function readRows(
  file: Blob,
  name: string,
  format: TableFormat,
  header = true,
): AsyncGenerator<TableRow, void, void> {
  return tableRows(readLines(file, name), format, name, header);
}
