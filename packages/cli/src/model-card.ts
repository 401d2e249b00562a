/** The table of a model card, made of evaluations' files; it stands between two marks in the card. */
import { LacunaError } from '@lacuna/core/errors';
import { LABEL_HEADER, type LabelFigures, labelRows, labelTitle } from './label-table.ts';
import { markdownTable } from './table.ts';

const BEGIN = '<!-- lacuna card -->';
const END = '<!-- /lacuna card -->';

/** What the model is, where an evaluation says it. */
const FACTS = [
  { field: 'parameters', title: 'parameters' },
  { field: 'weights', title: 'weights' },
  { field: 'sizeBytes', title: 'bytes' },
] as const;

/** Figures that a card shows, in the order of its columns, with the decimals that they have. */
const COLUMNS = [
  { field: 'top1', title: 'top-1', decimals: 4 },
  { field: 'top5', title: 'top-5', decimals: 4 },
  { field: 'accuracy', title: 'accuracy', decimals: 4 },
  { field: 'macroF1', title: 'macro-F1', decimals: 4 },
  { field: 'inScopeAccuracy', title: 'in-scope accuracy', decimals: 4 },
  { field: 'outOfScopeRecall', title: 'out-of-scope recall', decimals: 4 },
  { field: 'crossEntropy', title: 'cross-entropy', decimals: 3 },
] as const;

/** What `evaluate --out` and `baseline --out` write, as far as a card shows it. */
export type Evaluation = Readonly<Record<string, unknown>> & {
  readonly model?: string;
  /** In place of the model's name. */
  readonly label?: string;
  readonly intervals?: Readonly<Record<string, readonly [number, number]>>;
  readonly perLabel?: readonly LabelFigures[];
  /** Of several seeds; the figures are their means then. */
  readonly models?: readonly Readonly<Record<string, unknown>>[];
  readonly mean?: Readonly<Record<string, number>>;
  readonly sd?: Readonly<Record<string, number>>;
};

/** A row an evaluation: its figures, behind each the 95 % interval, or of several seeds the standard deviation. */
export function evaluationTable(evaluations: readonly Evaluation[]): string {
  const columns = COLUMNS.filter(({ field }) => evaluations.some((one) => typeof figureOf(one, field) === 'number'));
  const facts = FACTS.filter(({ field }) => evaluations.some((one) => factOf(one, field) !== undefined));
  const rows = evaluations.map((one) => [
    nameOf(one),
    ...facts.map(({ field }) => `${factOf(one, field)?.toLocaleString('en-US') ?? '–'}`),
    ...columns.map(({ field, decimals }) => cell(one, field, decimals)),
    `${figureOf(one, 'tokens') ?? figureOf(one, 'examples') ?? '–'}`,
  ]);
  const header = ['model', ...facts.map(({ title }) => title), ...columns.map(({ title }) => title), 'scored'];
  return markdownTable(header, rows);
}

/** Below a title a row a label, of each classifier that was scored by itself; nothing for other models. */
export function labelTables(evaluations: readonly Evaluation[]): string[] {
  return evaluations.flatMap((one) => {
    if (one.perLabel === undefined) return [];
    const shown = labelRows(one.perLabel);
    return [`${nameOf(one)}, ${labelTitle(shown, one.perLabel.length)}:`, markdownTable(LABEL_HEADER, shown.rows)];
  });
}

/** A card with nothing between its marks. */
export function emptyCard(name: string, about = ''): string {
  return [`# ${name}`, ...(about ? [`${about}.`] : []), BEGIN, END].join('\n\n').concat('\n');
}

/** The card with a new table between its marks. Throws `malformed_data` where it has no marks. */
export function withTable(name: string, card: string, table: string): string {
  const [from, to] = [card.indexOf(BEGIN), card.indexOf(END)];
  if (from >= 0 && to > from) return `${card.slice(0, from + BEGIN.length)}\n\n${table}\n\n${card.slice(to)}`;
  throw new LacunaError('malformed_data', `${name}: expected ${BEGIN} and ${END} around its table, got none.`, {
    path: name,
  });
}

function nameOf({ label, model, models }: Evaluation): string {
  const first = label ?? model ?? models?.[0]?.model ?? 'unnamed';
  return models === undefined ? `${first}` : `${first}, mean of ${models.length} seeds`;
}

function factOf(one: Evaluation, field: string): string | number | undefined {
  return (one[field] ?? one.models?.[0]?.[field]) as string | number | undefined;
}

function figureOf(one: Evaluation, field: string): unknown {
  return one.mean?.[field] ?? one[field];
}

function cell(one: Evaluation, field: string, decimals: number): string {
  const value = figureOf(one, field);
  if (typeof value !== 'number') return '–';
  const [shown, sd] = [value.toFixed(decimals), one.sd?.[field]?.toFixed(decimals)];
  if (sd !== undefined) return `${shown} ± ${sd}`;
  const ends = one.intervals?.[field]?.map((end) => end.toFixed(decimals));
  return ends === undefined ? shown : `${shown} [${ends.join(', ')}]`;
}
