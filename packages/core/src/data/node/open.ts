/** Opens texts and tables by path, compressed or not, and the embedded corpus by its name. Node only. */
import { basename, extname } from 'node:path';
import { LacunaError } from '../../errors.ts';
import { embeddedSource } from '../../text/embedded.ts';
import { textsOf } from '../columns.ts';
import { type TableSource, type TextSource, withoutBreaks } from '../source.ts';
import { TABLE_FORMATS, type TableFormat, tableRows } from '../table.ts';
import { fileBytes, innerName, textBytes } from './bytes.ts';
import { linesOf } from './lines.ts';
import { splitPath, splitTable } from './splits.ts';

/** The embedded corpus needs no file; a number after it is another seed: other stories. */
const EMBEDDED = /^embedded(?::(\d{1,9}))?$/;
/** Rows may be longer than lines of text, but not without end. */
const MAX_ROW_BYTES = 1 << 24;

/**
 * A text as a source: `.txt` (or any unknown ending) a paragraph a line; of `.tsv`, `.csv` and `.jsonl` one column,
 * `text` or `sentence` unless `column` says another; each also as `.gz` or `.zst`. `embedded` is
 * the embedded corpus, `embedded:2` other stories of it, e.g. to hold out.
 *
 * @throws `file_not_found`. Reading throws `binary_text`, `malformed_data`, `unknown_column`.
 */
export async function openText(path: string, column?: string): Promise<TextSource> {
  const embedded = EMBEDDED.exec(path);
  if (embedded !== null) return embeddedSource(embedded[1] === undefined ? {} : { seed: Number(embedded[1]) });
  const format = formatOf(path);
  const name = basename(path);
  const sizeBytes = await textBytes(path);
  if (format === undefined) {
    return {
      name,
      sizeBytes,
      async *lines(skip = 0) {
        for await (const line of linesOf(fileBytes(path), name, { skip })) yield withoutBreaks(line);
      },
    };
  }
  const table = tableAt(path, format);
  return { name, sizeBytes, lines: (skip = 0) => textsOf(table, column, skip) };
}

/**
 * A table of rows: `.tsv`, `.csv`, `.jsonl`, or lists of a `.json` file (`data.json#train`).
 * Throws `file_not_found`, `unsupported_format`; reading throws `binary_text`, `malformed_data`.
 */
export async function openTable(path: string): Promise<TableSource> {
  const split = splitPath(path);
  if (split !== undefined) {
    await textBytes(split.path);
    return splitTable(split);
  }
  await textBytes(path);
  const format = formatOf(path);
  if (format === undefined) {
    throw new LacunaError(
      'unsupported_format',
      `${path}: expected a table (.tsv, .csv, .jsonl or .json, also .gz or .zst), got "${extname(innerName(path))}".`,
      { path },
    );
  }
  return tableAt(path, format);
}

function tableAt(path: string, format: TableFormat): TableSource {
  const name = basename(path);
  return {
    name,
    rows: (header = true) =>
      tableRows(linesOf(fileBytes(path), name, { maxBytes: MAX_ROW_BYTES, longer: 'refuse' }), format, name, header),
  };
}

function formatOf(path: string): TableFormat | undefined {
  const ending = extname(innerName(path)).slice(1).toLowerCase();
  return TABLE_FORMATS.find((format) => format === ending);
}
