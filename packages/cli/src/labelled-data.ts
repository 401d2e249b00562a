/** Labelled files as examples for a classifier. */
import { type EncodedExample, encodeExamples, readLabelled, type Tokenizer } from '@lacuna/core';
import { openTable } from '@lacuna/core/node';
import type { Options } from './command.ts';

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
}

/**
 * The file's examples, encoded. `labels` are those that the model knows; without them they come from the file.
 * Throws `unknown_column`, `unknown_label`, `malformed_data`, `empty_text`.
 */
export async function openLabelled(
  path: string,
  tokenizer: Tokenizer,
  maxLength: number,
  multiLabel: boolean,
  { textColumn, labelColumn }: ColumnOptions,
  labels?: readonly string[],
): Promise<Labelled> {
  const data = await readLabelled(await openTable(path), {
    multiLabel,
    ...(textColumn === undefined ? {} : { textColumn }),
    ...(labelColumn === undefined ? {} : { labelColumn }),
    ...(labels === undefined ? {} : { labels }),
  });
  return { examples: encodeExamples(tokenizer, data.examples, data.labels.length, maxLength), labels: data.labels };
}
