/** Reads a source from end to end: counts it, splits it, and packs what training reads. Runs in a worker. */
import { type FileFormat, LacunaError, readLines, readRows } from '@lacuna/client/data';
import { embeddedSource, withoutBreaks } from '@lacuna/core';
import type { DataSet, LabelledRow } from '../project.ts';
import { type Columns, guessColumns } from './columns.ts';
import { warningsOf } from './data-warnings.ts';
import { HELD_OUT_SHARE, HeldOutSplit } from './held-out.ts';
import { PackedLines } from './packed-lines.ts';
import type { DataSource, FileSource, ReadProgress, ReadResult } from './source.ts';
import { TextCounts } from './text-counts.ts';
import { tokenLengths } from './token-lengths.ts';

const PREVIEW = 8;
/** Rows that columns are guessed from. */
const GUESSED_FROM = 50;
const TOLD_EVERY = 2000;

interface Row {
  readonly text: string;
  readonly label: string | undefined;
}

interface Opened {
  readonly name: string;
  /** Roughly, in UTF-16 units; unknown of what is compressed. */
  readonly characters: number | undefined;
  readonly isLabelled: boolean;
  readonly rows: AsyncIterable<Row>;
  readonly table?: ReadResult['table'];
}

/**
 * Throws `binary_text`, `malformed_data` with its line, `unsupported_format`, `unknown_column`, and `empty_text` where
 * nothing is left.
 */
export async function readData(
  source: DataSource,
  onProgress: (progress: ReadProgress) => void = () => {},
): Promise<ReadResult> {
  const opened = source.kind === 'embedded' ? openEmbedded(source.stories) : await openFile(source);
  const { name, characters, isLabelled, rows, table } = opened;
  const counts = new TextCounts();
  const split = new HeldOutSplit<Row>(isLabelled ? HELD_OUT_SHARE.labelled : HELD_OUT_SHARE.text);
  const packed = new PackedLines();
  const labels = new Set<string>();
  const pack = ({ text, label }: Row) => {
    packed.add(isLabelled ? JSON.stringify({ text, label }) : text);
    if (label !== undefined) labels.add(label);
  };
  const preview: ReadResult['preview'][number][] = [];
  for await (const row of rows) {
    const { text, label } = row;
    if (text === '' || (isLabelled && label === '')) {
      counts.addEmpty();
      continue;
    }
    counts.add(text, label);
    if (preview.length < PREVIEW) preview.push(label === undefined ? { text } : { text, label });
    const trained = split.add(text, row);
    if (trained) pack(trained);
    if (counts.texts % TOLD_EVERY === 0) {
      const fraction = characters && Math.min(1, counts.characters / characters);
      onProgress({ texts: counts.texts, ...(fraction === undefined ? {} : { fraction }) });
    }
  }
  if (counts.texts === 0) {
    throw new LacunaError(
      'empty_text',
      `${name}: expected texts, got none. Is this the right file, and the right column?`,
      {
        file: name,
      },
    );
  }
  const { heldOut, train } = split.end();
  for (const row of train) pack(row);
  // A label that training never sees cannot be scored.
  const unknown = heldOut.filter(({ label }) => label !== undefined && !labels.has(label));
  for (const row of unknown) pack(row);
  const kept = heldOut.filter((row) => !unknown.includes(row));
  const statistics = counts.statistics(await tokenLengths(counts.sample()));
  const kind = isLabelled ? ('labelled' as const) : ('text' as const);
  const common = { name, statistics, warnings: warningsOf(kind, statistics), trainTexts: packed.lines };
  const format: FileFormat = isLabelled ? 'jsonl' : 'txt';
  const described = { content: packed.blob(), name, format };
  const data: DataSet = isLabelled
    ? { ...common, kind: 'labelled', train: described, labels: sorted(labels), heldOut: kept as LabelledRow[] }
    : { ...common, kind: 'text', train: described, heldOut: kept.map(({ text }) => text) };
  return { data, preview, ...(table ? { table } : {}) };
}

function openEmbedded(stories: number): Opened {
  const { sizeBytes, lines } = embeddedSource({ stories });
  return { name: 'Embedded stories', characters: sizeBytes, isLabelled: false, rows: rowsOfLines(lines()) };
}

async function openFile({ file, name, format, header, columns }: FileSource): Promise<Opened> {
  const characters = /\.gz$/i.test(name) ? undefined : file.size;
  if (format === 'txt') return { name, characters, isLabelled: false, rows: rowsOfLines(readLines(file, name)) };
  const first: Record<string, unknown>[] = [];
  const named = new Set<string>();
  for await (const { cells } of readRows(file, name, format, header)) {
    for (const column of Object.keys(cells)) named.add(column);
    if (first.push(cells) === GUESSED_FROM) break;
  }
  const all = [...named];
  const chosen = columns ?? guessColumns(all, first);
  return {
    name,
    characters,
    isLabelled: chosen.label !== undefined,
    rows: rowsOfTable({ file, name, format, header }, chosen),
    table: { columns: all, chosen },
  };
}

async function* rowsOfLines(lines: AsyncIterable<string>): AsyncGenerator<Row, void, void> {
  for await (const line of lines) yield { text: withoutBreaks(line).trim(), label: undefined };
}

async function* rowsOfTable(
  { file, name, format, header }: Pick<FileSource, 'file' | 'name' | 'format' | 'header'>,
  { text: textColumn, label: labelColumn }: Columns,
): AsyncGenerator<Row, void, void> {
  if (format === 'txt') return;
  for await (const { cells, line } of readRows(file, name, format, header)) {
    const text = cellText(cells, textColumn, name, line);
    const label = labelColumn === undefined ? undefined : cellText(cells, labelColumn, name, line);
    yield {
      text: withoutBreaks(text)
        .replaceAll(/\s*\n\s*/g, ' ')
        .trim(),
      label: label?.trim(),
    };
  }
}

/** What is missing is empty: such rows are counted and left out. */
function cellText(cells: Readonly<Record<string, unknown>>, column: string, file: string, line: number): string {
  const cell = cells[column] ?? '';
  if (typeof cell !== 'object') return `${cell}`;
  throw new LacunaError(
    'malformed_data',
    `${file}: line ${line}: expected a text or a number in "${column}", got ${JSON.stringify(cell).slice(0, 40)}.`,
    { file, line, column },
  );
}

/** As numbers where all are. */
function sorted(labels: ReadonlySet<string>): string[] {
  const list = [...labels];
  if (list.every((label) => /^-?\d+$/.test(label))) return list.sort((a, b) => Number(a) - Number(b));
  return list.sort();
}
