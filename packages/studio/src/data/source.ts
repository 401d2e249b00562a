/** What a data set is read from, and what reading gives: as both are posted between the page and its worker. */
import type { FileFormat } from '@lacuna/client/data';
import type { DataSet } from '../project.ts';
import type { Columns } from './columns.ts';

export interface FileSource {
  readonly kind: 'file';
  readonly file: Blob;
  readonly name: string;
  readonly format: FileFormat;
  /** Whether a table's first row names its columns. */
  readonly header: boolean;
  /** Guessed unless given. */
  readonly columns?: Columns;
}

/** The corpus that needs no file. */
export interface EmbeddedSource {
  readonly kind: 'embedded';
  readonly stories: number;
}

export type DataSource = FileSource | EmbeddedSource;

export interface ReadResult {
  readonly data: DataSet;
  /** The first texts, with labels where there are any. */
  readonly preview: readonly { readonly text: string; readonly label?: string }[];
  /** Of a table: its columns, and those that were taken. */
  readonly table?: { readonly columns: readonly string[]; readonly chosen: Columns };
}

export interface ReadProgress {
  readonly texts: number;
  /** 0 to 1, where it is known. */
  readonly fraction?: number;
}
