/** Labelled files as examples for a classifier. */
import {
  type EncodedExample,
  encodeExamples,
  type LabelledData,
  type LabelledExample,
  LacunaError,
  Overlap,
  readLabelled,
  type Tokenizer,
} from '@lacuna/core';
import { openTable, openText } from '@lacuna/core/node';
import { type Options, type Session, UsageError, type Values } from './command.ts';
import { formatQuantity } from './quantity.ts';
import { readText } from './read-json.ts';

export const DATA_OPTIONS = {
  data: {
    kind: 'list',
    value: 'FILE',
    about: 'labelled examples: .tsv, .csv, .jsonl, also .gz .zst; or a list of a .json, sets.json#train',
  },
  valid: { kind: 'text', value: 'FILE', about: 'held-out examples to score after every epoch' },
  textColumn: { kind: 'text', value: 'NAME', about: 'column that holds the text (default: text or sentence)' },
  labelColumn: { kind: 'text', value: 'NAME', about: 'column that holds the label (default: label or labels)' },
} as const satisfies Options;

export const WITHOUT_OPTION = {
  without: {
    kind: 'list',
    value: 'FILE',
    about:
      'leave out texts of --data that stand in these tables or texts, or share eight words in a row with one of them',
  },
} as const satisfies Options;

export interface ColumnOptions {
  readonly textColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
  /** What stands in place of a label where a text has none. */
  readonly outOfScope?: string | undefined;
  /** Whether a label may be probabilities by name, as `lacuna teach` writes them. */
  readonly soft?: boolean;
}

export const LABEL_OPTIONS = {
  labels: {
    kind: 'list',
    value: 'NAME',
    about: "the labels' names in order, where the data number them from 0 (default: as in the data)",
  },
  labelsFile: { kind: 'text', value: 'FILE', about: 'a file with these names, one a line' },
  multiLabel: { kind: 'flag', about: 'a text may have several labels, or none' },
} as const satisfies Options;

/** The names that the line gives, if any. Throws `file_not_found`, `malformed_data`. */
export function labelNames(
  command: string,
  { labels, labelsFile }: Pick<Values<typeof LABEL_OPTIONS>, 'labels' | 'labelsFile'>,
): readonly string[] | undefined {
  if (labelsFile === undefined) return labels;
  if (labels !== undefined) throw new UsageError(`${command}: expected one of --labels and --labels-file, got both.`);
  const names = readText('labels', labelsFile, 'a file with names')
    .split(/\r?\n/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length > 0 && new Set(names).size === names.length) return names;
  const got = names.length === 0 ? 'none' : 'one of them twice';
  throw new LacunaError('malformed_data', `${labelsFile}: expected names of labels, one a line, got ${got}.`, {
    path: labelsFile,
  });
}

export interface Reading extends ColumnOptions {
  readonly without?: readonly string[] | undefined;
}

export interface Labelled {
  readonly examples: EncodedExample[];
  readonly labels: readonly string[];
  /** How many texts were longer than `maxLength` and lost their end. */
  readonly truncated: number;
  /** Whether labels are probabilities, of one text at least. */
  readonly soft: boolean;
}

/**
 * The file's examples as texts. `labels` are those that the model knows; without them they come from the file.
 * Throws `file_not_found`, `unknown_column`, `unknown_label`, `malformed_data`, `empty_text`.
 */
export async function labelledTexts(
  path: string,
  multiLabel: boolean,
  { textColumn, labelColumn, outOfScope, soft = false }: ColumnOptions,
  labels?: readonly string[],
): Promise<LabelledData> {
  return readLabelled(await openTable(path), {
    multiLabel,
    soft,
    ...(textColumn === undefined ? {} : { textColumn }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(labels === undefined ? {} : { labels }),
    ...(outOfScope === undefined ? {} : { outside: outOfScope }),
  });
}

/** The files' examples, one after another; without `labels` the first names them. Says how many were left out, if any. */
export async function mergedTexts(
  paths: readonly string[],
  multiLabel: boolean,
  reading: Reading,
  session: Session,
  labels?: readonly string[],
): Promise<LabelledData> {
  let known = labels;
  const all: LabelledExample[] = [];
  for (const path of paths) {
    const data = await labelledTexts(path, multiLabel, reading, known);
    known = data.labels;
    for (const example of data.examples) all.push(example);
  }
  const { without } = reading;
  if (without === undefined) return { examples: all, labels: known ?? [] };
  const overlap = await overlapWith(without);
  const examples = all.filter(({ text }) => !overlap.holds(text));
  const [gone, whole] = [all.length - examples.length, all.length].map(formatQuantity);
  session.progress.note(
    `${paths.join(', ')}: ${gone} of ${whole} texts stand in ${without.join(', ')} and were left out.`,
  );
  return { examples, labels: known ?? [] };
}

/** Texts of tables or text files, to find again. Throws `file_not_found`. */
export async function overlapWith(paths: readonly string[]): Promise<Overlap> {
  const overlap = new Overlap();
  for (const path of paths) for await (const line of (await openText(path)).lines()) overlap.add(line);
  return overlap;
}

/** The same encoded; says so where texts had to be cut. */
export async function openLabelled(
  paths: readonly string[],
  tokenizer: Tokenizer,
  maxLength: number,
  multiLabel: boolean,
  reading: Reading,
  session: Session,
  labels?: readonly string[],
): Promise<Labelled> {
  const data = await mergedTexts(paths, multiLabel, reading, session, labels);
  const examples = encodeExamples(tokenizer, data.examples, data.labels.length, maxLength);
  const truncated = examples.filter((example) => example.truncated).length;
  if (truncated > 0) {
    const [cut, all] = [truncated, examples.length].map(formatQuantity);
    session.progress.note(
      `${paths.join(', ')}: ${cut} of ${all} texts are longer than ${maxLength} tokens and were cut.`,
    );
  }
  const soft = data.examples.some(({ probabilities }) => probabilities !== undefined);
  return { examples, labels: data.labels, truncated, soft };
}
