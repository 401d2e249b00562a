/** Variants beside their control: means over seeds, and paired differences with intervals of two kinds. */
import { bootstrap, type Interval, meanAndSpread, meanInterval, type Outcome } from '@lacuna/core';
import { LacunaError } from '@lacuna/core/errors';
import { type ArmScore, figuresOf } from './score.ts';

export interface Difference {
  /** Variant minus control, mean over the seeds that both have. */
  readonly mean: number;
  readonly perSeed: readonly number[];
  /** 95 % by Student's t over seeds: how far other seeds would move it. Absent for one seed. */
  readonly overSeeds?: Interval;
  /** 95 % by a paired bootstrap over windows or texts: how far other held-out ones would. */
  readonly overTexts: Interval;
}

export interface Summary {
  readonly mean: Readonly<Record<string, number>>;
  readonly sd: Readonly<Record<string, number>>;
  readonly difference?: Readonly<Record<string, Difference>>;
}

/** Scores of one variant, by seed. */
export type Scores = ReadonlyMap<number, ArmScore>;

/** Throws `invalid_recipe` where control and variant were not scored on the same windows. */
export function compare(name: string, scores: Scores, control: Scores | undefined): Summary {
  const rows = [...scores.values()].map(figuresOf);
  const names = Object.keys(rows[0] ?? {});
  const spread = names.map((figure) => [figure, meanAndSpread(rows.map((row) => row[figure] as number))] as const);
  const summary = {
    mean: Object.fromEntries(spread.map(([figure, { mean }]) => [figure, mean])),
    sd: Object.fromEntries(spread.map(([figure, { sd }]) => [figure, sd])),
  };
  const shared = [...scores.keys()].filter((seed) => control?.has(seed));
  if (control === undefined || shared.length === 0) return summary;
  const pairs = shared.map((seed) => [scores.get(seed) as ArmScore, control.get(seed) as ArmScore] as const);
  for (const [ours, theirs] of pairs) expectSameTexts(name, ours, theirs);
  const differences = (drawn: (score: ArmScore) => ArmScore) =>
    pairs.map(([ours, theirs]) => {
      const [a, b] = [figuresOf(drawn(ours)), figuresOf(drawn(theirs))];
      return Object.fromEntries(names.map((figure) => [figure, (a[figure] as number) - (b[figure] as number)]));
    });
  const perSeed = differences((score) => score);
  const places = (pairs[0]?.[0].outcomes ?? []).map((_, i) => i);
  const overTexts = bootstrap(
    places,
    (drawn) => {
      const pick = (score: ArmScore) => ({ ...score, outcomes: drawn.map((i) => score.outcomes[i] as Outcome) });
      const resampled = differences(pick);
      return Object.fromEntries(names.map((figure) => [figure, meanOf(resampled, figure)]));
    },
    { seed: 0 },
  );
  const difference = names.map((figure): [string, Difference] => {
    const values = perSeed.map((row) => row[figure] as number);
    const overSeeds = meanInterval(values);
    return [
      figure,
      {
        mean: meanOf(perSeed, figure),
        perSeed: values,
        ...(overSeeds === undefined ? {} : { overSeeds }),
        overTexts: overTexts[figure] as Interval,
      },
    ];
  });
  return { ...summary, difference: Object.fromEntries(difference) };
}

function meanOf(rows: readonly Readonly<Record<string, number>>[], figure: string): number {
  return rows.reduce((sum, row) => sum + (row[figure] as number), 0) / rows.length;
}

function expectSameTexts(name: string, ours: ArmScore, theirs: ArmScore): void {
  const same = (a: Outcome, b: Outcome | undefined) => a.count === b?.count;
  if (
    ours.outcomes.length === theirs.outcomes.length &&
    ours.outcomes.every((outcome, i) => same(outcome, theirs.outcomes[i]))
  ) {
    return;
  }
  throw new LacunaError(
    'invalid_recipe',
    `ablation: ${name}: expected the control's held-out windows, got others. Give all variants one --tokenizer.`,
    { variant: name },
  );
}
