/** Defaults of the optimizer: AdamW with decoupled decay, clipping by global norm and an average of the weights. */
import { isDecayed } from '../model/parameters.ts';

export interface OptimizerOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** On matrices only; norms and biases do not decay. */
  readonly weightDecay: number;
  /** The gradient is scaled down to this norm when it is longer; 0 switches clipping off. */
  readonly clip: number;
  /** Decay of the exponential moving average of the weights; 0 switches it off. */
  readonly ema: number;
}

export const ADAMW: OptimizerOptions = {
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  weightDecay: 0.1,
  clip: 1,
  ema: 0.999,
};

/** Which parameters AdamW decays. */
export function decayedNames(names: Iterable<string>): Set<string> {
  return new Set([...names].filter(isDecayed));
}

/** What a gradient of this norm is multiplied by; NaN where the norm is not finite. */
export function clipScale(norm: number, clip: number): number {
  if (!Number.isFinite(norm)) return Number.NaN;
  return clip > 0 && norm > clip ? clip / norm : 1;
}

/** The average's decay at step t = 1, 2, …: `min(ema, (1 + t)/(10 + t))`, so that it forgets its random start. */
export function emaDecayAt(step: number, ema: number): number {
  return Math.min(ema, (1 + step) / (10 + step));
}
