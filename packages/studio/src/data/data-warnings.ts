/** What to mind of a data set before training on it. */
import type { DataSet, DataStatistics, DataWarning } from '../project.ts';

/** A first model of the smallest size wants some of it; what is less is learned by heart. */
const LITTLE_WORDS = 20_000;
const LITTLE_ROWS = 200;
const RARE_LABEL = 10;
/** The most frequent label against the rarest. */
const UNBALANCED = 10;
const MANY_DUPLICATES = 0.01;

export function warningsOf(kind: DataSet['kind'], statistics: DataStatistics): DataWarning[] {
  const { texts, words, duplicates, empty, labels } = statistics;
  const warnings: DataWarning[] = [];
  const warn = (code: DataWarning['code'], message: string) => warnings.push({ code, message });
  if (duplicates > 0 && duplicates >= texts * MANY_DUPLICATES) {
    warn(
      'duplicates',
      `${count(duplicates, 'text')} of ${texts.toLocaleString('en')} stood there before. They count twice.`,
    );
  }
  if (kind === 'labelled' && empty > 0)
    warn('empty', `${count(empty, 'row')} without a text or a label ${empty === 1 ? 'is' : 'are'} left out.`);
  if (kind === 'text' && words < LITTLE_WORDS) {
    warn(
      'little_text',
      `${count(words, 'word')} is little text: the model will learn them by heart. ${LITTLE_WORDS.toLocaleString('en')} or more give it something to generalise from.`,
    );
  }
  if (kind !== 'labelled') return warnings;
  if (texts < LITTLE_ROWS) {
    warn(
      'little_text',
      `${count(texts, 'row')}: held-out figures will jump by chance. ${LITTLE_ROWS} rows or more say something.`,
    );
  }
  if (labels.length === 1)
    warn('one_label', `All rows have the label "${labels[0]?.label}": there is nothing to tell apart.`);
  const rare = labels.filter((label) => label.count < RARE_LABEL);
  if (labels.length > 1 && rare.length > 0) {
    warn(
      'rare_labels',
      `Fewer than ${RARE_LABEL} rows: ${named(rare.map(({ label }) => label))}. Such labels are hardly learned.`,
    );
  }
  const [most, least] = [labels[0], labels[labels.length - 1]];
  if (most && least && rare.length === 0 && most.count >= UNBALANCED * least.count) {
    warn(
      'unbalanced',
      `"${most.label}" is ${Math.round(most.count / least.count)} times as frequent as "${least.label}": look at macro-F1, not at accuracy alone.`,
    );
  }
  return warnings;
}

function count(n: number, noun: string): string {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

function named(labels: readonly string[]): string {
  const shown = labels.slice(0, 5).map((label) => `"${label}"`);
  return labels.length > shown.length
    ? `${shown.join(', ')} and ${labels.length - shown.length} more`
    : shown.join(', ');
}
