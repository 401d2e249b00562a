/** Labelled files as examples for a classifier. */
import { type EncodedExample, encodeExamples, readLabelled, type Tokenizer } from '@lacuna/core';
import { openTable } from '@lacuna/core/node';
import type { Options, Session } from './command.ts';
import { formatQuantity } from './quantity.ts';

export const DATA_OPTIONS = {
  data: { kind: 'text', value: 'FILE', about: 'labelled examples: .tsv, .csv or .jsonl, also .gz .zst' },
  valid: { kind: 'text', value: 'FILE', about: 'held-out examples to score after every epoch' },
  textColumn: { kind: 'text', value: 'NAME', about: 'column that holds the text (default: text or sentence)' },
  labelColumn: { kind: 'text', value: 'NAME', about: 'column that holds the label (default: label or labels)' },
} as const satisfies Options;

export interface ColumnOptions {
  readonly textColumn?: string | undefined;
  readonly labelColumn?: string | undefined;
}

export interface Labelled {
  readonly examples: EncodedExample[];
  readonly labels: readonly string[];
  /** How many texts were longer than `maxLength` and lost their end. */
  readonly truncated: number;
}

/**
 * The file's examples, encoded; says so where texts had to be cut. `labels` are those that the model knows; without
 * them they come from the file.
 * Throws `unknown_column`, `unknown_label`, `malformed_data`, `empty_text`.
 */
export async function openLabelled(
  path: string,
  tokenizer: Tokenizer,
  maxLength: number,
  multiLabel: boolean,
  { textColumn, labelColumn }: ColumnOptions,
  session: Session,
  labels?: readonly string[],
): Promise<Labelled> {
  const data = await readLabelled(await openTable(path), {
    multiLabel,
    ...(textColumn === undefined ? {} : { textColumn }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(labels === undefined ? {} : { labels }),
  });
  const examples = encodeExamples(tokenizer, data.examples, data.labels.length, maxLength);
  const truncated = examples.filter((example) => example.truncated).length;
  if (truncated > 0) {
    const [cut, all] = [truncated, examples.length].map(formatQuantity);
    session.progress.note(`${path}: ${cut} of ${all} texts are longer than ${maxLength} tokens and were cut.`);
  }
  return { examples, labels: data.labels, truncated };
}
