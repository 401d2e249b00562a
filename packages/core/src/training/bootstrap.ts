/** How far a figure would move on another sample of the same size: percentile intervals over resampled examples. */
import { Random } from '../random/random.ts';

export interface BootstrapOptions {
  readonly seed: number;
  /** Default 1,000. */
  readonly resamples?: number;
  /** Share of the resamples between the two ends; default 0.95. */
  readonly level?: number;
}

/** Lower and upper end. */
export type Interval = readonly [number, number];

/** Draws as many items as there are, with replacement, again and again; of each figure an interval. */
export function bootstrap<T>(
  items: readonly T[],
  figuresOf: (drawn: readonly T[]) => Readonly<Record<string, number>>,
  { seed, resamples = 1000, level = 0.95 }: BootstrapOptions,
): Record<string, Interval> {
  const random = new Random(seed);
  const drawn = new Array<T>(items.length);
  const values = new Map<string, number[]>();
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < drawn.length; i++) drawn[i] = items[random.integer(items.length)] as T;
    for (const [name, value] of Object.entries(figuresOf(drawn))) {
      const known = values.get(name) ?? [];
      // A resample may lack what a figure is a share of.
      if (Number.isFinite(value)) known.push(value);
      values.set(name, known);
    }
  }
  const ends = (sorted: readonly number[]): Interval => [
    quantile(sorted, (1 - level) / 2),
    quantile(sorted, (1 + level) / 2),
  ];
  return Object.fromEntries([...values].map(([name, all]) => [name, ends(all.sort((a, b) => a - b))]));
}

/** Linear between neighbours, as R's type 7. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number];
  return low + (high - low) * (at - Math.floor(at));
}

/** Student's t for two tails of 5 %, by degrees of freedom from 1. */
const T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131];

/** The 95 % interval of the mean over runs, by Student's t; undefined for a single run. From 17 runs on a little too wide. */
export function meanInterval(values: readonly number[]): Interval | undefined {
  if (values.length < 2) return undefined;
  const { mean, sd } = meanAndSpread(values);
  const t = T_95[Math.min(values.length - 2, T_95.length - 1)] as number;
  const half = (t * sd) / Math.sqrt(values.length);
  return [mean - half, mean + half];
}

/** Mean and sample standard deviation (0 for one value), e.g. of runs that differ in their seed alone. */
export function meanAndSpread(values: readonly number[]): { readonly mean: number; readonly sd: number } {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, sd: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
