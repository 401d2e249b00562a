/** Tables out of one JSON file, as data sets with several splits come: `data.json#train`, several joined: `#test+other`. */
import { basename } from 'node:path';
import { LacunaError } from '../../errors.ts';
import type { TableRow, TableSource } from '../source.ts';
import { fileBytes } from './bytes.ts';

const SPLIT_FILE = /^(.*\.json(?:\.gz|\.zst)?)(?:#(.+))?$/i;

export interface SplitPath {
  readonly path: string;
  readonly splits: readonly string[];
}

/** Undefined for what is no `.json` file. */
export function splitPath(name: string): SplitPath | undefined {
  const [, path, splits] = SPLIT_FILE.exec(name) ?? [];
  return path === undefined ? undefined : { path, splits: splits?.split('+') ?? [] };
}

/**
 * Rows of a list, or of the named lists of an object, in their order. A row is an object, or a pair `[text, label]`; its
 * line is its number, from 1. Reading throws `malformed_data`, `file_not_found`.
 */
export function splitTable({ path, splits }: SplitPath): TableSource {
  const name = [basename(path), splits.join('+')].filter((part) => part !== '').join('#');
  return {
    name,
    async *rows() {
      const lists = listsOf(name, await parsed(name, path), splits);
      for (const [i, row] of lists.flat().entries()) yield { line: i + 1, cells: cellsOf(name, row, i + 1) };
    },
  };
}

async function parsed(name: string, path: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of fileBytes(path)) chunks.push(chunk);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new LacunaError('malformed_data', `${name}: expected JSON, got something else.`, { file: name }, { cause });
  }
}

function listsOf(name: string, value: unknown, splits: readonly string[]): unknown[][] {
  if (Array.isArray(value) && splits.length === 0) return [value];
  const known =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  const lists = splits.map((split) => (Object.hasOwn(known, split) ? known[split] : undefined));
  if (lists.length > 0 && lists.every(Array.isArray)) return lists;
  const names = Object.keys(known).filter((key) => Array.isArray(known[key]));
  const there = names.length > 0 ? names.join(', ') : 'none';
  const got = splits.length > 0 ? splits.join('+') : 'no name';
  throw new LacunaError(
    'malformed_data',
    `${name}: expected the name of a list of rows out of ${there}, got ${got}. Name it behind #, as in data.json#train.`,
    { file: name, splits, lists: names },
  );
}

function cellsOf(name: string, row: unknown, line: number): TableRow['cells'] {
  if (Array.isArray(row) && row.length === 2) return { text: row[0], label: row[1] };
  if (typeof row === 'object' && row !== null && !Array.isArray(row)) return row as TableRow['cells'];
  throw new LacunaError(
    'malformed_data',
    `${name}: row ${line}: expected an object or a pair [text, label], got ${JSON.stringify(row).slice(0, 40)}.`,
    { file: name, line },
  );
}
