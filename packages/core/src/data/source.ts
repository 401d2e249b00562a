/** Where text comes from: lines that can be read again and again, however large the whole is. First step of the road. */

export interface TextSource {
  /** For messages and model cards: a file's name without its folders, or `embedded`. */
  readonly name: string;
  /** Size of the text in bytes, roughly; sources are mixed by it. */
  readonly sizeBytes?: number;
  /**
   * The lines from the first on, or after the first `skip`; each call starts anew and gives the same lines.
   * A line is a paragraph; blank ones count, so that a position in a source is a number of lines.
   */
  lines(skip?: number): AsyncIterable<string>;
}

/** A source over lines in memory. */
export function linesSource(name: string, lines: readonly string[]): TextSource {
  return {
    name,
    sizeBytes: lines.reduce((sum, line) => sum + line.length + 1, 0),
    async *lines(skip = 0) {
      for (let i = skip; i < lines.length; i++) yield lines[i] as string;
    },
  };
}

/** A source over a text in memory, a line a paragraph. */
export function textSource(name: string, text: string): TextSource {
  return linesSource(name, text.split(/\r?\n/));
}

/** All lines, the sources in turn, a line of each: whoever stops early has seen something of all of them. */
export async function* interleavedLines(sources: readonly TextSource[]): AsyncGenerator<string, void, void> {
  const opened = sources.map((source) => source.lines()[Symbol.asyncIterator]());
  try {
    let readers = opened;
    while (readers.length > 0) {
      const left: AsyncIterator<string>[] = [];
      for (const reader of readers) {
        const { value, done } = await reader.next();
        if (done) continue;
        left.push(reader);
        yield value;
      }
      readers = left;
    }
  } finally {
    // Whoever stops early leaves no file and no decompressor open.
    await Promise.all(opened.map((reader) => reader.return?.()));
  }
}

/** A row of a table: cells by the names of their columns. */
export interface TableRow {
  /** Where the row begins in its file, from 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, unknown>>;
}

/** A table that can be read again and again: `.tsv`, `.csv` or `.jsonl`. */
export interface TableSource {
  readonly name: string;
  /** With `header` false the first line is a row too, and columns are named `1`, `2`, …. Default true. */
  rows(header?: boolean): AsyncIterable<TableRow>;
}

/** Line breaks of web text become spaces, as text is a paragraph a line. */
export function withoutBreaks(text: string): string {
  return text.includes('<br') ? text.replaceAll(/<br\s*\/?>/g, ' ') : text;
}
