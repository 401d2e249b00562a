/** The share of tokens to remove as training goes on: plain data, so that it travels in a task and a checkpoint. */
import { LacunaError } from '../errors.ts';
import type { Random } from '../random/random.ts';

/** The smallest and the largest share that can be removed. */
export const RATIO_RANGE = [0.05, 0.95] as const;

/** Mean ratio `from` → `to` in a straight line over training, each batch drawn within ± `jitter` of it. */
export interface RatioSchedule {
  readonly from: number;
  /** Default `from`: constant. */
  readonly to?: number;
  /** Default 0. */
  readonly jitter?: number;
}

/** Mask more at first, less later. Paper: arXiv 2305.15096; the jitter is ours. */
export const DEFAULT_RATIO_SCHEDULE: RatioSchedule = { from: 0.4, to: 0.15, jitter: 0.1 };

/** Returns `ratio`, or throws `masking_ratio_out_of_range`. */
export function checkRatio(ratio: number, where = 'masking'): number {
  const [least, most] = RATIO_RANGE;
  if (!(ratio >= least && ratio <= most)) {
    throw new LacunaError(
      'masking_ratio_out_of_range',
      `${where}: expected a ratio from ${least} to ${most}, got ${ratio}. It is the share of tokens to remove, e.g. 0.3.`,
      { ratio, least, most },
    );
  }
  return ratio;
}

/** Checks both ends of a schedule and its jitter. */
export function checkSchedule(schedule: RatioSchedule): RatioSchedule {
  checkRatio(schedule.from, 'masking schedule: from');
  checkRatio(schedule.to ?? schedule.from, 'masking schedule: to');
  const jitter = schedule.jitter ?? 0;
  if (!(jitter >= 0 && jitter < 1)) {
    throw new LacunaError('invalid_argument', `masking schedule: expected a jitter from 0 to 1, got ${jitter}.`, {
      jitter,
    });
  }
  return schedule;
}

/**
 * The ratio of one batch: from + (to − from)·progress + U(−jitter, jitter), held within `RATIO_RANGE`.
 * `progress` runs from 0 to 1; one draw from `random` when there is jitter, none else.
 */
export function maskingRatio(schedule: RatioSchedule, progress: number, random: Random): number {
  const { from, to = from, jitter = 0 } = schedule;
  const mean = from + (to - from) * Math.min(1, Math.max(0, progress));
  const drawn = jitter > 0 ? mean + jitter * (2 * random.uniform() - 1) : mean;
  return Math.min(RATIO_RANGE[1], Math.max(RATIO_RANGE[0], drawn));
}
