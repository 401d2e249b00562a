/** Which columns of a table hold texts and labels, guessed from their names and their first cells. */

export interface Columns {
  readonly text: string;
  /** Undefined: the table is plain text. */
  readonly label: string | undefined;
}

type Row = Readonly<Record<string, unknown>>;

const TEXT_NAME = /^(text|sentence|review|content|body|message|comment|tweet|document|question|title|abstract)s?$/i;
const LABEL_NAME = /^(label|class|category|sentiment|target|topic|intent|rating|stars|score|y|tag)s?$/i;

/** By name first; else the longest cells are the text, and of the rest short ones that repeat are the label. */
export function guessColumns(columns: readonly string[], rows: readonly Row[]): Columns {
  const texts = columns.filter((column) => rows.every((row) => typeof row[column] === 'string'));
  const length = (column: string) => rows.reduce((sum, row) => sum + String(row[column] ?? '').length, 0);
  const byLength = [...(texts.length > 0 ? texts : columns)].sort((a, b) => length(b) - length(a));
  const text = columns.find((column) => TEXT_NAME.test(column)) ?? byLength[0] ?? '';
  const others = columns.filter((column) => column !== text);
  const label = others.find((column) => LABEL_NAME.test(column)) ?? others.find((column) => repeats(column, rows));
  return { text, label };
}

function repeats(column: string, rows: readonly Row[]): boolean {
  const cells = rows.map((row) => String(row[column] ?? ''));
  return cells.length >= 4 && new Set(cells).size <= cells.length / 2 && cells.every((cell) => cell.length <= 40);
}
