/** What the Data section does: reads what it is given, keeps what was read, and reads again with other columns. */
import { formatOfName } from '@lacuna/client/data';
import { LacunaError } from '@lacuna/core/errors';
import { type Signal, signal } from '@preact/signals';
import type { Project } from '../project.ts';
import type { Columns } from './columns.ts';
import { forgetResult, keepResult, keptResult } from './kept-data.ts';
import { readInWorker } from './reader.ts';
import type { DataSource, FileSource, ReadProgress, ReadResult } from './source.ts';

/** Some 700,000 words: ten minutes of reading for the smallest model. */
const EMBEDDED_STORIES = 30_000;
const READABLE = /\.(txt|text|md|csv|tsv|jsonl)(\.gz)?$/i;

/** What the desk does with others: replaced in its tests. */
export interface DataHands {
  readonly read: typeof readInWorker;
  readonly keep: typeof keepResult;
  readonly kept: typeof keptResult;
  readonly forget: typeof forgetResult;
}

const HANDS: DataHands = { read: readInWorker, keep: keepResult, kept: keptResult, forget: forgetResult };

export class DataDesk {
  /** What was read last. */
  readonly result: Signal<ReadResult | undefined> = signal(undefined);
  readonly progress: Signal<(ReadProgress & { readonly name: string }) | undefined> = signal(undefined);
  readonly error: Signal<unknown> = signal(undefined);
  /** The file that `result` was read from. */
  readonly file: Signal<FileSource | undefined> = signal(undefined);
  /** The file that could not be read. */
  readonly refused: Signal<FileSource | undefined> = signal(undefined);
  readonly #project: Project;
  readonly #hands: DataHands;
  #reading: AbortController | undefined;

  constructor(project: Project, hands: DataHands = HANDS) {
    this.#project = project;
    this.#hands = hands;
  }

  /** Shows what an earlier page has read, unless something else came first. Its file is gone, so its columns are settled. */
  async restore(): Promise<void> {
    const result = await this.#hands.kept();
    if (!result || this.result.value || this.#reading) return;
    this.result.value = result;
    this.#project.data.value = result.data;
    this.#project.reach('data');
  }

  openFiles(files: readonly File[]): Promise<void> {
    const [file, ...others] = files;
    if (!file) return Promise.resolve();
    if (others.length > 0 || !READABLE.test(file.name)) {
      const got = others.length > 0 ? `${files.length} files` : file.name;
      this.error.value = new LacunaError(
        'unsupported_format',
        `data: expected one .txt, .csv, .tsv or .jsonl file, also with .gz, got ${got}.`,
        { got },
      );
      return Promise.resolve();
    }
    return this.#open({ kind: 'file', file, name: file.name, format: formatOfName(file.name), header: true });
  }

  openText(text: string): Promise<void> {
    const format = formatOfText(text);
    const name = format === 'txt' ? 'Pasted text' : `Pasted table.${format}`;
    return this.#open({ kind: 'file', file: new Blob([text]), name, format, header: true });
  }

  openEmbedded(): Promise<void> {
    return this.#open({ kind: 'embedded', stories: EMBEDDED_STORIES });
  }

  /** Reads the table again. */
  chooseColumns(columns: Columns): Promise<void> {
    const file = this.file.value;
    return file ? this.#open({ ...file, columns }) : Promise.resolve();
  }

  /** Says whether a table's first row names its columns, and reads it again. */
  chooseHeader(file: FileSource, header: boolean): Promise<void> {
    const { columns: _, ...rest } = file;
    return this.#open({ ...rest, header });
  }

  cancel(): void {
    this.#reading?.abort();
  }

  remove(): void {
    this.cancel();
    this.result.value = undefined;
    this.error.value = undefined;
    this.refused.value = undefined;
    this.file.value = undefined;
    this.#project.data.value = undefined;
    void this.#hands.forget();
  }

  /** What was there before stays until the new data are read in full. */
  async #open(source: DataSource): Promise<void> {
    this.cancel();
    const reading = new AbortController();
    this.#reading = reading;
    const name = source.kind === 'file' ? source.name : 'Embedded stories';
    this.error.value = undefined;
    this.progress.value = { name, texts: 0 };
    this.refused.value = undefined;
    const onProgress = (progress: ReadProgress) => {
      if (this.#reading === reading) this.progress.value = { name, ...progress };
    };
    try {
      const result = await this.#hands.read(source, { signal: reading.signal, onProgress });
      if (this.#reading !== reading) return;
      this.result.value = result;
      this.file.value = source.kind === 'file' ? source : undefined;
      this.#project.data.value = result.data;
      this.#project.reach('data');
      void this.#hands.keep(result);
    } catch (error) {
      if (this.#reading !== reading || reading.signal.aborted) return;
      this.error.value = error;
      this.refused.value = source.kind === 'file' ? source : undefined;
    } finally {
      if (this.#reading === reading) this.progress.value = undefined;
    }
  }
}

/** Of pasted text: by its first line. */
export function formatOfText(text: string): FileSource['format'] {
  const [first = '', second = ''] = text.trimStart().split('\n', 2);
  if (/^\{.*\}\s*$/.test(first)) return 'jsonl';
  const tabs = (line: string) => line.split('\t').length;
  return tabs(first) > 1 && tabs(first) === tabs(second) ? 'tsv' : 'txt';
}
