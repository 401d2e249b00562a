/** What a file holds, by its name. */
import type { TableFormat } from '@lacuna/core';

export type FileFormat = 'txt' | TableFormat;

const TABLE_FORMATS = ['tsv', 'csv', 'jsonl'] as const satisfies readonly TableFormat[];

/** By the ending, with or without `.gz`: what is no table is text. */
export function formatOfName(name: string): FileFormat {
  const ending = name.toLowerCase().replace(/\.gz$/, '').split('.').pop();
  return TABLE_FORMATS.find((format) => format === ending) ?? 'txt';
}
