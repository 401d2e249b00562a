/** How far a run has come, and the learning rate there: warm-up, hold, linear decay. */
import { LacunaError } from '../errors.ts';

/** What a run may spend; also how often something happens. */
export type Budget = { readonly tokens: number } | { readonly steps: number } | { readonly minutes: number };

/** What a run has spent. */
export interface Progress {
  readonly step: number;
  readonly tokens: number;
  /** Wall-clock time, pauses between kill and resume not counted. */
  readonly seconds: number;
}

/** Throws `invalid_argument` unless the budget holds one positive number. */
export function checkBudget(where: string, budget: Budget): void {
  const entries = Object.entries(budget).filter(([, value]) => value !== undefined);
  const [unit, amount] = entries[0] ?? ['', 0];
  const known = unit === 'tokens' || unit === 'steps' || unit === 'minutes';
  if (entries.length === 1 && known && Number.isFinite(amount) && amount > 0) return;
  throw new LacunaError(
    'invalid_argument',
    `${where}: budget must be one of tokens, steps or minutes above 0, got ${JSON.stringify(budget)}.`,
    { budget },
  );
}

/** `progress` in units of the budget: 1 when it is spent, 2 after twice as much. */
export function spent(budget: Budget, progress: Progress): number {
  if ('tokens' in budget) return progress.tokens / budget.tokens;
  if ('steps' in budget) return progress.step / budget.steps;
  return progress.seconds / 60 / budget.minutes;
}

/** Whether a multiple of `interval` was passed between two moments of a run. */
export function isDue(interval: Budget, before: Progress, now: Progress): boolean {
  return Math.floor(spent(interval, now)) > Math.floor(spent(interval, before));
}

export interface LearningRateSchedule {
  readonly peak: number;
  /** Fraction of the budget over which the rate rises from 0; 0.03 by default. */
  readonly warmup?: number;
  /** Steps that it takes to rise at the least, though no more than `LONGEST_WARMUP` of the budget; 0 by default. */
  readonly warmupSteps?: number;
  /** Fraction of the budget, at the end, over which it falls; 0.3 by default. */
  readonly decay?: number;
  /** What it falls to, as a fraction of the peak; 0 by default. */
  readonly floor?: number;
}

/** The fraction of the budget after which the rate is at its peak, whatever `warmupSteps` asks for. */
const LONGEST_WARMUP = 0.3;

/** The rate of step `step`, counted from 1, at `fraction` of the budget, 0 to 1. */
export function learningRateAt(fraction: number, step: number, schedule: LearningRateSchedule): number {
  const { peak, warmup = 0.03, warmupSteps = 0, decay = 0.3, floor = 0 } = schedule;
  const share = warmup > 0 ? fraction / warmup : 1;
  const risen = warmupSteps > 0 ? Math.max(step / warmupSteps, fraction / LONGEST_WARMUP) : 1;
  const rising = Math.min(1, share, risen);
  const falling = decay > 0 ? Math.min(1, Math.max(0, (1 - fraction) / decay)) : 1;
  return peak * rising * (floor + (1 - floor) * falling);
}
