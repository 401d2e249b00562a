/** The results page: Markdown and its plots, made of what the repository has recorded and of nothing else. */
import { mainFigure, signed, type VariantReport } from '../ablation/report.ts';
import type { CurvePoint } from '../learning-curve.ts';
import { type Evaluation, evaluationTable } from '../model-card.ts';
import { formatDuration, formatQuantity } from '../quantity.ts';
import { markdownTable } from '../table.ts';
import { latencySection } from './latency.ts';
import { barPlot, type Line, linePlot } from './plot.ts';
import { type Curve, measuredOn, type Published, type Records } from './records.ts';

/** Files by their path beside the page. */
export type Page = ReadonlyMap<string, string>;

const TITLES: Readonly<Record<string, string>> = { top1: 'top-1', accuracy: 'accuracy', macroF1: 'macro-F1' };

export const PAGE = 'results.md';

/** A set of held-out data, the first part of an evaluation's name, and what it is. */
const SETS: Readonly<Record<string, string>> = {
  fill: 'Filling gaps: held-out Wikipedia, 15 % of the tokens removed',
  sentiment: 'Sentiment: SST-2, development set',
  'sentiment-mr': 'Sentiment: MR, without the texts that share eight words in a row with SST-2’s training data',
  'sentiment-comments':
    'Sentiment: comments of GoEmotions’ test set with joy alone, or with anger, disgust, fear or sadness alone',
  emotion: 'Emotion: GoEmotions in seven groups, several a text, test set',
  intent: 'Intent: CLINC150, test set',
};
/** The second part, in the order of the rows; without one it is what ships. */
const ROLES: Readonly<Record<string, string>> = {
  teacher: 'teacher',
  base: 'base',
  student: 'student',
  'cores-base': 'base of the recipe cores, on two CPU cores',
  'cores-student': 'its student',
  control: 'the same student without a teacher',
  bag: 'bag of n-grams',
};

export function resultsPage(records: Records): Page {
  const files = new Map<string, string>();
  const plot = (name: string, svg: string, about: string) => {
    files.set(`plots/${name}.svg`, svg);
    return `![${about}](plots/${name}.svg)`;
  };
  const sections = [
    '# Results',
    'Written by `lacuna results` out of the files in `bench`; a test holds the page to them. Every figure was measured by ' +
      'the commands named beside it, but for those under "Published", which are others’ and marked as such. Gaps are scored ' +
      'on removed tokens alone.',
    '## Learning curves',
    ...curveSection(records.curves, plot),
    '## Models',
    ...modelSection(records.evaluations, records.published),
    '## Ablations',
    ...ablationSection(records, plot),
    '## Size and latency',
    ...latencySection(records.benchmarks),
  ];
  files.set(PAGE, `${sections.join('\n\n')}\n`);
  return files;
}

type Plotter = (name: string, svg: string, about: string) => string;

function curveSection(curves: readonly Curve[], plot: Plotter): string[] {
  if (curves.length === 0) return ['None recorded yet.'];
  const filling = curves.filter(({ points }) => points.some(({ top1 }) => top1 !== undefined));
  const lines = (x: (point: CurvePoint) => number): Line[] =>
    filling.map(({ name, points }) => ({ name, points: points.map((point) => [x(point), point.top1 ?? 0]) }));
  const rows = curves.map(({ name, about, complete, points }) => {
    const last = points.at(-1);
    return [
      name,
      about,
      last === undefined ? '–' : `${formatQuantity(last.tokens)}${complete ? '' : ', not to its end'}`,
      last === undefined ? '–' : formatDuration(last.seconds),
      `${last?.top1 ?? last?.accuracy ?? last?.macroF1 ?? '–'}`,
      `${last?.crossEntropy ?? '–'}`,
    ];
  });
  const titled = { yLabel: 'top-1 at the gaps', logX: true };
  return [
    'Held-out figures while training, as each run scored itself on a few windows (`--valid`); those of the tables below are of more ' +
      'windows. Seconds are of the run’s own clock, pauses of its process included, on the machine that the row names.',
    ...(filling.length === 0
      ? []
      : [
          plot(
            'curves-by-tokens',
            linePlot({ ...titled, title: 'Top-1 by tokens', xLabel: 'tokens', lines: lines(({ tokens }) => tokens) }),
            'Top-1 at the gaps by tokens',
          ),
          plot(
            'curves-by-seconds',
            linePlot({ ...titled, title: 'Top-1 by time', xLabel: 'seconds', lines: lines(({ seconds }) => seconds) }),
            'Top-1 at the gaps by seconds',
          ),
        ]),
    markdownTable(['run', 'what', 'tokens', 'time', 'top-1, accuracy or macro-F1', 'cross-entropy'], rows),
    '`lacuna curve --model RUN --out bench/curves/NAME.json` takes one out of a run.',
  ];
}

function modelSection(evaluations: ReadonlyMap<string, Evaluation>, published: readonly Published[]): string[] {
  const sets = [...new Set([...evaluations.keys()].map((name) => name.split('.')[0] as string))];
  const known = Object.keys(SETS);
  const place = (set: string) => (known.indexOf(set) + known.length + 1) % (known.length + 1);
  sets.sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
  const role = (name: string) => {
    const at = Object.keys(ROLES).indexOf(name.split('.')[1] ?? '');
    return at < 0 ? Object.keys(ROLES).length : at;
  };
  if (sets.length === 0) return ['None recorded yet.'];
  return [
    'In brackets 95 % intervals by a bootstrap over texts or windows, behind ± the standard deviation over seeds.',
    ...sets.flatMap((set) => {
      const names = [...evaluations.keys()].filter((name) => name.split('.')[0] === set);
      names.sort((a, b) => role(a) - role(b) || (a < b ? -1 : 1));
      const rows = names.map((name): Evaluation => {
        const label = ROLES[name.split('.')[1] ?? ''];
        return { ...evaluations.get(name), ...(label === undefined ? {} : { label }) };
      });
      return [
        `### ${SETS[set] ?? set}`,
        evaluationTable(rows),
        ...publishedTable(published.filter((one) => one.set === set)),
      ];
    }),
  ];
}

function publishedTable(figures: readonly Published[]): string[] {
  if (figures.length === 0) return [];
  const rows = figures.map(({ model, parameters, figure, value, source, remark = '' }) => [
    model,
    parameters,
    figure,
    `${value}`,
    source,
    remark,
  ]);
  return [
    'Published, not measured here:',
    markdownTable(['model', 'parameters', 'figure', 'value', 'source', 'remark'], rows),
  ];
}

function ablationSection({ ablations }: Records, plot: Plotter): string[] {
  if (ablations.length === 0) return ['None recorded yet.'];
  return [
    'Each variant was trained for the same minutes on the same machine, in turns with the others, but for runs of the recipes, ' +
      'which are as long as these say. A difference is variant minus ' +
      'control on the same windows or texts, mean over seeds; behind it two 95 % intervals: over seeds (Student’s t) and over ' +
      'windows or texts (paired bootstrap). It is in bold where both leave out 0.',
    ...ablations.flatMap((report) => {
      const figure = mainFigure(report);
      const title = TITLES[figure] ?? figure;
      const { ablation, about, minutes, seeds, control, complete, variants } = report;
      const compared = variants.filter(({ difference }) => difference);
      const bars = compared.map(({ name, difference }) => {
        const { mean = 0, overTexts = [0, 0], overSeeds } = difference?.[figure] ?? {};
        return { name, value: mean, intervals: [overTexts, ...(overSeeds ? [overSeeds] : [])] as const };
      });
      const lines = variants.map(({ name, arms }) => ({
        name,
        points: meanCurve(
          arms.map(({ curve }) => curve),
          figure,
        ),
      }));
      return [
        `### ${ablation}`,
        `${about[0]?.toUpperCase()}${about.slice(1)}. ${minutes > 0 ? `${minutes} minute${minutes === 1 ? '' : 's'} each` : 'Runs of the recipes'}, ${seeds.length} seed${seeds.length > 1 ? 's' : ''}, ` +
          `${measuredOn(report)}. The control is ${control}.${complete ? '' : ' Not complete yet.'}`,
        markdownTable(
          [
            'variant',
            'what',
            'parameters',
            'tokens seen',
            title,
            'cross-entropy',
            `${title} − ${control}`,
            'over seeds',
            'over texts',
          ],
          variants.map((variant) => ablationRow(variant, figure)),
        ),
        ...(bars.length === 0
          ? []
          : [
              plot(
                `ablation-${ablation}`,
                barPlot({
                  title: `${ablation}: difference from ${control}`,
                  xLabel: `${title}; thick: over texts, thin: over seeds`,
                  bars,
                }),
                `Differences from ${control} in ${title}`,
              ),
            ]),
        ...(lines.some(({ points }) => points.length > 1)
          ? [
              plot(
                `ablation-${ablation}-curves`,
                linePlot({
                  title: `${ablation}: ${title} by time`,
                  xLabel: 'seconds',
                  yLabel: title,
                  lines: lines.filter(({ points }) => points.length > 0),
                }),
                `${title} by seconds`,
              ),
            ]
          : []),
        `\`lacuna ablation run ${ablation} --data texts --out runs${minutes > 0 ? ` --minutes ${minutes}` : ''} --seeds ${seeds.join(' ')} ` +
          `--result bench/ablations/${ablation}.json\``,
      ];
    }),
  ];
}

function ablationRow({ name, about, parameters, arms, mean, sd, difference }: VariantReport, figure: string): string[] {
  const tokens = arms.reduce((sum, arm) => sum + arm.tokens, 0) / (arms.length || 1);
  const value = mean?.[figure];
  const { mean: apart, overSeeds, overTexts } = difference?.[figure] ?? {};
  const ends = (interval: readonly [number, number] | undefined) =>
    interval === undefined ? '–' : `[${interval.map(signed).join(', ')}]`;
  const clear = [overSeeds, overTexts].every((one) => one !== undefined && one[0] * one[1] > 0);
  const shown = apart === undefined ? '–' : signed(apart);
  return [
    name,
    about,
    parameters === undefined ? '–' : formatQuantity(parameters),
    arms.length === 0 ? '–' : formatQuantity(Math.round(tokens)),
    value === undefined ? '–' : `${value.toFixed(4)}${arms.length > 1 ? ` ± ${sd?.[figure]?.toFixed(4)}` : ''}`,
    mean?.crossEntropy?.toFixed(3) ?? '–',
    clear ? `**${shown}**` : shown,
    ends(overSeeds),
    ends(overTexts),
  ];
}

/** Means of the seeds' n-th evaluations, where all seeds have one. */
function meanCurve(curves: readonly (readonly CurvePoint[])[], figure: string): [number, number][] {
  const length = Math.min(...curves.map((curve) => curve.length));
  if (!Number.isFinite(length)) return [];
  const mean = (i: number, of: (point: CurvePoint) => number) =>
    curves.reduce((sum, curve) => sum + of(curve[i] as CurvePoint), 0) / curves.length;
  return Array.from({ length }, (_, i) => [
    mean(i, ({ seconds }) => seconds),
    mean(i, (point) => (point as unknown as Record<string, number>)[figure] ?? 0),
  ]);
}
