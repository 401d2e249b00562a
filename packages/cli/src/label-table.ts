/** How well a classifier finds each of its labels, as a table: all of a few labels, the worst found of many. */
import type { LabelMetrics } from '@lacuna/core';

export type LabelFigures = LabelMetrics & { readonly label: string };

/** More labels than these are not read, but searched for what went wrong. */
const SHOWN = 10;

export const LABEL_HEADER = ['label', 'precision', 'recall', 'F1', 'texts'];

export interface LabelRows {
  /** Whether labels that are found better are left out. */
  readonly shortened: boolean;
  /** Cells below `LABEL_HEADER`. */
  readonly rows: readonly (readonly string[])[];
}

/** In the labels' order; of more than ten the ten with the lowest F1, worst first. */
export function labelRows(perLabel: readonly LabelFigures[]): LabelRows {
  const shortened = perLabel.length > SHOWN;
  const shown = shortened ? [...perLabel].sort((a, b) => a.f1 - b.f1).slice(0, SHOWN) : perLabel;
  const rows = shown.map(({ label, precision, recall, f1, examples }) => [
    label,
    ...[precision, recall, f1].map((share) => share.toFixed(4)),
    `${examples}`,
  ]);
  return { shortened, rows };
}

/** What stands above the rows. */
export function labelTitle({ shortened, rows }: LabelRows, labels: number): string {
  return shortened ? `the ${rows.length} of ${labels} labels with the lowest F1` : 'by label';
}
