/**
 * What a reader who knows the language makes of a text with gaps: the exact probability of every word in each gap, by
 * the forward–backward algorithm over an automaton's states. Source: Rabiner, Proc. IEEE 77 (2), 1989.
 */
import type { Automaton } from './automaton.ts';

/** Stands for a word that was removed. */
export const GAP = -1;

export interface GapPosterior {
  /** Position in the window. */
  readonly position: number;
  /** Probability of each of the automaton's words, (W). */
  readonly probabilities: Float64Array;
}

type Weights = Map<number, number>;

/**
 * P(word in gap | all that is left of the window), for each gap. Gaps are summed over together: no gap sees another.
 *
 * @param window words by number, or `GAP`.
 * @param initial P(state before the first word), e.g. `automaton.stationary()` where windows are cut anywhere.
 * @param never a word that is known to stand in no gap.
 * @returns undefined where the language cannot make this window.
 */
export function gapPosteriors(
  automaton: Automaton,
  window: ArrayLike<number>,
  initial: Float64Array,
  never: number = GAP,
): GapPosterior[] | undefined {
  const { starts, arcWords, arcProbabilities, arcTargets } = automaton;
  const T = window.length;
  const fits = (arc: number, at: number): boolean => {
    const word = arcWords[arc] as number;
    return window[at] === GAP ? word !== never : word === window[at];
  };

  const forward: Weights[] = [new Map()];
  initial.forEach((mass, state) => {
    if (mass > 0) forward[0]?.set(state, mass);
  });
  for (let t = 0; t < T; t++) {
    const next: Weights = new Map();
    for (const [state, mass] of forward[t] as Weights) {
      for (let arc = starts[state] as number; arc < (starts[state + 1] as number); arc++) {
        if (!fits(arc, t)) continue;
        const to = arcTargets[arc] as number;
        next.set(to, (next.get(to) ?? 0) + mass * (arcProbabilities[arc] as number));
      }
    }
    if (next.size === 0) return undefined;
    forward.push(normalised(next));
  }

  const found: GapPosterior[] = [];
  let backward: Weights = new Map([...(forward[T] as Weights).keys()].map((state) => [state, 1]));
  for (let t = T - 1; t >= 0; t--) {
    const before: Weights = new Map();
    const probabilities = window[t] === GAP ? new Float64Array(automaton.words.length) : undefined;
    let total = 0;
    for (const [state, mass] of forward[t] as Weights) {
      let sum = 0;
      for (let arc = starts[state] as number; arc < (starts[state + 1] as number); arc++) {
        if (!fits(arc, t)) continue;
        const after = (arcProbabilities[arc] as number) * (backward.get(arcTargets[arc] as number) ?? 0);
        sum += after;
        if (probabilities === undefined) continue;
        const word = arcWords[arc] as number;
        probabilities[word] = (probabilities[word] as number) + mass * after;
        total += mass * after;
      }
      if (sum > 0) before.set(state, sum);
    }
    if (probabilities !== undefined) found.push({ position: t, probabilities: probabilities.map((p) => p / total) });
    backward = normalised(before);
  }
  return found.reverse();
}

/** Scaled to sum to 1, in place: long windows would underflow. */
function normalised(weights: Weights): Weights {
  let total = 0;
  for (const mass of weights.values()) total += mass;
  for (const [state, mass] of weights) weights.set(state, mass / total);
  return weights;
}
