/** Figures of one evaluation with their confidence intervals, and of several runs that differ in their seed. */
import {
  bootstrap,
  chooseLabelThreshold,
  chooseScopeThreshold,
  type Interval,
  LacunaError,
  labelMetricsOf,
  type Metrics,
  meanAndSpread,
  metricsOf,
  type Outcome,
  type Predictions,
  type ScopedAnswer,
  type ScopeMetrics,
  scopedAnswers,
  scopeMetrics,
  sumOutcomes,
  textOutcomes,
} from '@lacuna/core';
import { figures } from './follow-training.ts';
import { LABEL_HEADER, type LabelFigures, labelRows, labelTitle } from './label-table.ts';
import { table } from './table.ts';

export type Report = Metrics &
  Partial<ScopeMetrics> & {
    /** Chosen on other texts: a label's least probability, or the best label's below which a text is turned away. */
    readonly threshold?: number;
    /** Texts of none of the labels. */
    readonly outOfScopeExamples?: number;
    /** Of a classifier, in the order of its labels. */
    readonly perLabel?: readonly LabelFigures[];
    /** Of every rate and mean the ends of its 95 % interval, by a bootstrap over texts or windows. */
    readonly intervals: Readonly<Record<string, Interval>>;
  };

export interface ClassifierReportOptions {
  /** Their names; K of them. */
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** Answers to other texts, on which a threshold is chosen. */
  readonly dev?: Predictions | undefined;
  /** Whether texts of no label are to be turned away; then `dev` must hold some, too. */
  readonly outOfScope: boolean;
  /** Of texts of no label in use; without it as in `dev`. */
  readonly outOfScopeShare?: number | undefined;
  readonly seed: number;
}

export function fillingReport(outcomes: readonly Outcome[], seed: number): Report {
  return withIntervals(outcomes, (drawn) => metricsOf(sumOutcomes('masked', drawn, 0)), seed);
}

/** Throws `malformed_data` where texts of no label are asked for and there are none. */
export function classifierReport(test: Predictions, options: ClassifierReportOptions): Report {
  const { labels, multiLabel, dev, outOfScope, seed } = options;
  const K = test.numLabels;
  const metrics = (drawn: readonly Outcome[]) => metricsOf(sumOutcomes('classification', drawn, K));
  const perLabel = (outcomes: readonly Outcome[]): LabelFigures[] =>
    labelMetricsOf(sumOutcomes('classification', outcomes, K).perLabel).map((found, k) => ({
      label: labels[k] as string,
      ...found,
    }));
  if (outOfScope && dev !== undefined) {
    const inside = withLabels(test);
    const plain = textOutcomes(inside.logits, inside.targets, K, { multiLabel });
    const answers: readonly ScopedAnswer[] = answersWithOutside('--data', test);
    const threshold = chosenThreshold(dev, options) as number;
    const scope = (drawn: readonly ScopedAnswer[]) => ({ ...scopeMetrics(drawn, threshold) });
    const { intervals, ...rest } = withIntervals(plain, metrics, seed);
    return {
      ...rest,
      ...scope(answers),
      threshold,
      outOfScopeExamples: answers.filter(({ outside }) => outside).length,
      intervals: { ...intervals, ...bootstrap(answers, scope, { seed }) },
      perLabel: perLabel(plain),
    };
  }
  const threshold = dev === undefined ? undefined : chosenThreshold(dev, options);
  const answered = { multiLabel, ...(threshold === undefined ? {} : { threshold }) };
  const outcomes = textOutcomes(test.logits, test.targets, K, answered);
  return {
    ...withIntervals(outcomes, metrics, seed),
    ...(threshold === undefined ? {} : { threshold }),
    perLabel: perLabel(outcomes),
  };
}

/**
 * The threshold to use on other texts: of each label's probability, or with `outOfScope` of the best label's; none where
 * the best label is all that is asked. Throws `malformed_data` where texts of no label are asked for and there are none.
 */
export function chosenThreshold(
  dev: Predictions,
  { multiLabel, outOfScope, outOfScopeShare }: Omit<ClassifierReportOptions, 'labels' | 'dev' | 'seed'>,
): number | undefined {
  if (outOfScope) return chooseScopeThreshold(answersWithOutside('--dev', dev), outOfScopeShare);
  return multiLabel ? chooseLabelThreshold(dev) : undefined;
}

/** `accuracy 0.9312 · …`, as `figures`, and what concerns thresholds on a line of its own. */
export function reportText(report: Report): string {
  const { intervals: _, perLabel: __, threshold, outOfScopeExamples, ...rest } = report;
  const { inScopeAccuracy, outOfScopeRecall, outOfScopePrecision, ...metrics } = rest;
  const lines = [figures(metrics)];
  if (inScopeAccuracy !== undefined) {
    const scope = { inScopeAccuracy, outOfScopeRecall, outOfScopePrecision };
    lines.push(figures({ ...scope, threshold, examples: outOfScopeExamples }).replace(' examples', ' out of scope'));
  } else if (threshold !== undefined) {
    lines.push(`threshold ${threshold}`);
  }
  return lines.join('\n');
}

/** The figures of one model, those of its labels below. */
export function fullText(report: Report): string {
  if (report.perLabel === undefined) return reportText(report);
  const shown = labelRows(report.perLabel);
  const title = shown.shortened ? [`${labelTitle(shown, report.perLabel.length)}:`] : [];
  return [reportText(report), '', ...title, table(LABEL_HEADER, shown.rows)].join('\n');
}

/** What is kept of each of several seeds: how well one label is found is told of a single model. */
export function withoutLabels<R extends { readonly perLabel?: unknown }>({ perLabel: _, ...rest }: R) {
  return rest;
}

/** Mean and sample standard deviation of every figure that all reports have. */
export function overSeeds(reports: readonly Report[]): {
  readonly mean: Readonly<Record<string, number>>;
  readonly sd: Readonly<Record<string, number>>;
} {
  const rows = reports.map(({ intervals: _, perLabel: __, ...rest }) => rest as Record<string, number>);
  const names = Object.keys(rows[0] ?? {}).filter((name) => rows.every((row) => typeof row[name] === 'number'));
  const summed = names.map((name) => [name, meanAndSpread(rows.map((row) => row[name] as number))] as const);
  return {
    mean: Object.fromEntries(summed.map(([name, { mean }]) => [name, mean])),
    sd: Object.fromEntries(summed.map(([name, { sd }]) => [name, sd])),
  };
}

function withIntervals(
  outcomes: readonly Outcome[],
  metrics: (drawn: readonly Outcome[]) => Metrics,
  seed: number,
): Report {
  const rates = (drawn: readonly Outcome[]) => {
    const counted = metrics(drawn);
    const { tokens: _, examples: __, ...rest } = counted as unknown as Record<string, number>;
    return rest as Record<string, number>;
  };
  return { ...metrics(outcomes), intervals: bootstrap(outcomes, rates, { seed }) };
}

function answersWithOutside(option: string, predictions: Predictions) {
  const answers = scopedAnswers(predictions);
  const outside = answers.filter((answer) => answer.outside).length;
  if (outside > 0 && outside < answers.length) return answers;
  throw new LacunaError(
    'malformed_data',
    `${option}: expected texts with a label and texts outside of all labels, got ${answers.length - outside} and ${outside}.`,
    { option, inside: answers.length - outside, outside },
  );
}

/** The texts that have a label. */
function withLabels({ logits, targets, numLabels: K }: Predictions): Predictions {
  const rows = Array.from({ length: targets.length / K }, (_, n) => n).filter((n) =>
    targets.subarray(n * K, (n + 1) * K).some((x) => x > 0),
  );
  const pick = (from: Float32Array) => Float32Array.from(rows.flatMap((n) => [...from.subarray(n * K, (n + 1) * K)]));
  return { logits: pick(logits), targets: pick(targets), numLabels: K };
}
