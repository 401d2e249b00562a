/** Labelled texts out of a table: what fine-tuning and evaluation read. */
import { LacunaError } from '../errors.ts';
import { columnOf, LABEL_COLUMNS, rowsFor, TEXT_COLUMNS, textOf } from './columns.ts';
import type { TableRow, TableSource } from './source.ts';

export interface LabelledOptions {
  /** Default `text`, else `sentence`. A number means a position, in a table without a header. */
  readonly textColumn?: string;
  /** Default `label`, else `labels`. */
  readonly labelColumn?: string;
  /**
   * The labels' names in order, e.g. those of a trained model. A cell holds a name, or, unless all names are numbers,
   * a position from 0.
   * Without it the names are those in the data: sorted, as numbers where all are.
   */
  readonly labels?: readonly string[];
  /** A cell may hold several labels, or none: `joy,surprise`, also with `;` or `|` between, or a JSON array. */
  readonly multiLabel?: boolean;
  /** What stands in place of a label where a text has none of them, e.g. `oos`: such a text has no labels. */
  readonly outside?: string;
  /**
   * A cell may hold probabilities by name, `{"joy": 0.9, "anger": 0.02}`, as `lacuna teach` writes them. Where one label
   * is right, those that are not named share what is left to 1; where several may be, they have 0.
   */
  readonly soft?: boolean;
}

export interface LabelledExample {
  readonly text: string;
  /** Positions in `labels`, ascending, each once; of probabilities those of at least a half. */
  readonly labels: readonly number[];
  /** (K), where the data give probabilities. */
  readonly probabilities?: Float32Array;
}

export interface LabelledData {
  readonly examples: readonly LabelledExample[];
  readonly labels: readonly string[];
}

const SEPARATOR = /[,;|]/;
const NUMBER = /^-?\d+$/;

/**
 * Reads all of `table` into memory.
 *
 * @throws `unknown_column`, `unknown_label`, `malformed_data` (with the line, or for too few labels to tell apart),
 * `empty_text` (no rows).
 */
export async function readLabelled(table: TableSource, options: LabelledOptions = {}): Promise<LabelledData> {
  const { multiLabel = false, soft = false, outside } = options;
  const rows: { text: string; names: readonly string[]; given?: readonly number[]; line: number }[] = [];
  let textColumn: string | undefined;
  let labelColumn: string | undefined;
  for await (const row of rowsFor(table, options.textColumn, options.labelColumn)) {
    textColumn ??= columnOf(table, row, options.textColumn, TEXT_COLUMNS);
    labelColumn ??= columnOf(table, row, options.labelColumn, LABEL_COLUMNS);
    const text = textOf(table, row, textColumn);
    const given = soft ? probabilitiesIn(table, row, labelColumn, multiLabel) : undefined;
    if (given) {
      rows.push({ text, names: Object.keys(given), given: Object.values(given), line: row.line });
      continue;
    }
    const names = namesOf(table, row, labelColumn, multiLabel);
    const kept = names.filter((name) => name !== outside);
    rows.push({ text, names: kept, line: row.line });
  }
  if (rows.length === 0) {
    throw new LacunaError(
      'empty_text',
      `${table.name}: expected labelled texts, got no rows. Is this the right file?`,
      {
        file: table.name,
      },
    );
  }
  const labels = options.labels ?? sortedNames(rows.flatMap(({ names }) => names));
  checkCount(table, labels, multiLabel);
  const positions = new Map(labels.map((label, i) => [label, i]));
  const examples = rows.map(({ text, names, given, line }) => {
    const found = names.map((name) => positions.get(name) ?? positionOf(table, name, labels, line));
    if (given) {
      const probabilities = probabilitiesOf(found, given, labels.length, multiLabel);
      const likely = [...probabilities.keys()].filter((i) => (probabilities[i] as number) >= 0.5);
      return { text, labels: likely, probabilities };
    }
    return { text, labels: [...new Set(found)].sort((a, b) => a - b) };
  });
  return { examples, labels };
}

function namesOf(table: TableSource, row: TableRow, column: string, multiLabel: boolean): string[] {
  const cell = row.cells[column];
  let names: string[] | undefined;
  if (typeof cell === 'string') names = (multiLabel ? cell.split(SEPARATOR) : [cell]).map((name) => name.trim());
  else if (typeof cell === 'number' || typeof cell === 'boolean') names = [`${cell}`];
  else if (multiLabel && Array.isArray(cell) && cell.every((name) => ['string', 'number'].includes(typeof name))) {
    names = cell.map((name) => `${name}`.trim());
  }
  const kept = names?.filter((name) => name !== '');
  if (kept === undefined || (kept.length !== 1 && !multiLabel)) {
    throw new LacunaError(
      'malformed_data',
      `${table.name}: line ${row.line}: expected ${multiLabel ? 'labels' : 'one label'} in "${column}", got ${JSON.stringify(cell)}.`,
      { file: table.name, line: row.line, column },
    );
  }
  return kept;
}

/** What the cell says of each label by name, or undefined where it holds no such object. */
function probabilitiesIn(
  table: TableSource,
  row: TableRow,
  column: string,
  multiLabel: boolean,
): Readonly<Record<string, number>> | undefined {
  const cell = row.cells[column];
  if (typeof cell !== 'object' || cell === null || Array.isArray(cell)) return undefined;
  const values = Object.values(cell);
  const sum = values.reduce((all: number, p) => all + (typeof p === 'number' && p >= 0 && p <= 1 ? p : Number.NaN), 0);
  // Rounded probabilities may add up to a bit more than 1.
  if (values.length > 0 && (multiLabel ? !Number.isNaN(sum) : sum <= 1.001)) return cell as Record<string, number>;
  const expected = multiLabel ? 'each from 0 to 1' : 'each from 0 to 1 and no more than 1 in all';
  throw new LacunaError(
    'malformed_data',
    `${table.name}: line ${row.line}: expected probabilities in "${column}", ${expected}, got ${JSON.stringify(cell).slice(0, 200)}.`,
    { file: table.name, line: row.line, column },
  );
}

function probabilitiesOf(
  positions: readonly number[],
  given: readonly number[],
  K: number,
  multiLabel: boolean,
): Float32Array {
  const left = Math.max(0, 1 - given.reduce((sum, p) => sum + p, 0));
  const unnamed = K - positions.length;
  const probabilities = new Float32Array(K).fill(multiLabel || unnamed <= 0 ? 0 : left / unnamed);
  positions.forEach((at, i) => {
    probabilities[at] = given[i] as number;
  });
  return probabilities;
}

/** A softmax over one label has nothing to learn, a logistic one over none neither. */
function checkCount(table: TableSource, labels: readonly string[], multiLabel: boolean): void {
  const least = multiLabel ? 1 : 2;
  if (labels.length >= least) return;
  const got = labels.length === 0 ? 'none' : `only "${labels.join('", "')}"`;
  throw new LacunaError(
    'malformed_data',
    `${table.name}: expected at least ${least} different label${least > 1 ? 's' : ''}, got ${got}. Is this the right column?`,
    { file: table.name, labels, least },
  );
}

function sortedNames(names: readonly string[]): string[] {
  const distinct = [...new Set(names)];
  if (areNumbers(distinct)) return distinct.sort((a, b) => Number(a) - Number(b));
  return distinct.sort();
}

function areNumbers(names: readonly string[]): boolean {
  return names.every((name) => NUMBER.test(name));
}

function positionOf(table: TableSource, name: string, labels: readonly string[], line: number): number {
  // Among labels 1 to 5 a 0 is another label, not the first one.
  const isPosition = NUMBER.test(name) && Number(name) >= 0 && Number(name) < labels.length;
  if (isPosition && !areNumbers(labels)) return Number(name);
  const known = labels.length > 8 ? `${labels.slice(0, 8).join(', ')}, …` : labels.join(', ');
  throw new LacunaError(
    'unknown_label',
    `${table.name}: line ${line}: expected a label out of ${known}, got "${name}".`,
    { file: table.name, line, label: name, labels },
  );
}
