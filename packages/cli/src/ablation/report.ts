/** What a plan has shown so far, as JSON and as a table. */
import { table } from '../table.ts';
import type { ArmResult } from './arm.ts';
import { compare, type Difference, type Scores, type Summary } from './comparison.ts';
import { armName, type Plan } from './plan.ts';
import { figuresOf } from './score.ts';

export interface VariantReport extends Partial<Summary> {
  readonly name: string;
  readonly about: string;
  readonly parameters?: number;
  readonly arms: readonly (Omit<ArmResult, 'outcomes' | 'numLabels'> & {
    readonly seed: number;
    readonly figures: Readonly<Record<string, number>>;
  })[];
}

export interface AblationReport {
  readonly ablation: string;
  readonly about: string;
  readonly minutes: number;
  readonly slices: number;
  readonly seeds: readonly number[];
  readonly control: string;
  /** Whether every variant has been scored with every seed. */
  readonly complete: boolean;
  readonly variants: readonly VariantReport[];
}

/** Of the arms that have been scored; `results` by the arm's name. */
export function reportOf(plan: Plan, results: ReadonlyMap<string, ArmResult | undefined>): AblationReport {
  const { recipe, minutes, slices, seeds, control, variants } = plan;
  const resultsOf = (name: string) =>
    seeds.flatMap((seed) => {
      const variant = variants.find((one) => one.name === name);
      const result = variant && results.get(armName({ variant, seed }));
      return result === undefined ? [] : [{ seed, result }];
    });
  const scoresOf = (name: string): Scores => new Map(resultsOf(name).map(({ seed, result }) => [seed, result]));
  const reports = variants.map(({ name, about }): VariantReport => {
    const found = resultsOf(name);
    const arms = found.map(({ seed, result: { outcomes, numLabels, ...rest } }) => ({
      seed,
      ...rest,
      figures: figuresOf({ outcomes, numLabels }),
    }));
    const [first] = found;
    if (first === undefined) return { name, about, arms };
    const { parameters } = first.result;
    return {
      name,
      about,
      parameters,
      arms,
      ...compare(name, scoresOf(name), name === control ? undefined : scoresOf(control)),
    };
  });
  const complete = reports.every(({ arms }) => arms.length === seeds.length);
  return { ablation: recipe.name, about: recipe.about, minutes, slices, seeds, control, complete, variants: reports };
}

/** A row a variant: its figure, and how far it is from the control's. */
export function reportText(report: AblationReport): string {
  const figure = mainFigure(report);
  const rows = report.variants.map(({ name, arms, mean, sd, difference }) => [
    name,
    `${arms.length}`,
    mean === undefined ? '' : `${decimals(mean[figure])}${arms.length > 1 ? ` ± ${decimals(sd?.[figure])}` : ''}`,
    mean === undefined ? '' : decimals(mean.crossEntropy),
    ...differenceCells(difference?.[figure]),
  ]);
  const head = [
    'variant',
    'seeds',
    figure,
    'crossEntropy',
    `${figure} − ${report.control}`,
    'over seeds',
    'over texts',
  ];
  return table(head, rows);
}

/** Of gaps top-1, of several labels macro-F1, of one accuracy. */
export function mainFigure({ variants }: AblationReport): string {
  const mean = variants.find((variant) => variant.mean)?.mean ?? {};
  return ['top1', 'accuracy'].find((name) => name in mean) ?? 'macroF1';
}

function differenceCells(difference: Difference | undefined): string[] {
  if (difference === undefined) return ['', '', ''];
  const { mean, overSeeds, overTexts } = difference;
  const ends = (interval: readonly number[] | undefined) =>
    interval === undefined ? '' : `[${interval.map(signed).join(', ')}]`;
  return [signed(mean), ends(overSeeds), ends(overTexts)];
}

const decimals = (value: number | undefined) => value?.toFixed(4) ?? '';
export const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
