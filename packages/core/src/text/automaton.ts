/**
 * A language as weighted phrases, compiled into states and arcs: what makes text at random and what knows how probable
 * it is are the same table. Under the embedded corpus.
 */

/** A word; phrases one after the other; or a weighted choice, where weights need not sum to 1. */
export type Phrase = string | readonly Phrase[] | { readonly oneOf: readonly (readonly [number, Phrase])[] };

/** One of the words, each as probable as the others. */
export function anyOf(words: readonly string[]): Phrase {
  return { oneOf: words.map((word) => [1, word] as const) };
}

/** The phrase with this probability, else nothing. */
export function maybe(probability: number, phrase: Phrase): Phrase {
  return {
    oneOf: [
      [probability, phrase],
      [1 - probability, []],
    ],
  };
}

interface Arc {
  readonly word: number;
  readonly probability: number;
  readonly to: number;
}

/** Builds states back to front: a phrase is compiled towards the state that follows it. */
export class AutomatonBuilder {
  readonly #words = new Map<string, number>();
  readonly #arcs: (readonly Arc[] | undefined)[] = [];

  /** A state whose arcs come later: for loops. */
  reserve(): number {
    return this.#arcs.push(undefined) - 1;
  }

  /** Gives a reserved state its arcs: `phrase`, then `next`. */
  define(state: number, phrase: Phrase, next: number): void {
    this.#arcs[state] = this.#first(phrase, next);
  }

  /** Gives a reserved state a choice of phrases, each with the state that follows it. */
  defineChoice(state: number, choices: readonly { weight: number; phrase: Phrase; next: number }[]): void {
    const total = choices.reduce((sum, { weight }) => sum + weight, 0);
    this.#arcs[state] = choices.flatMap(({ weight, phrase, next }) =>
      scaled(this.#first(phrase, next), weight / total),
    );
  }

  build(start: number): Automaton {
    return new Automaton([...this.#words.keys()], this.#arcs as (readonly Arc[])[], start);
  }

  #word(word: string): number {
    const known = this.#words.get(word);
    if (known !== undefined) return known;
    this.#words.set(word, this.#words.size);
    return this.#words.size - 1;
  }

  #first(phrase: Phrase, next: number): readonly Arc[] {
    if (typeof phrase === 'string') return [{ word: this.#word(phrase), probability: 1, to: next }];
    if ('oneOf' in phrase) {
      const total = phrase.oneOf.reduce((sum, [weight]) => sum + weight, 0);
      return phrase.oneOf.flatMap(([weight, choice]) => scaled(this.#first(choice, next), weight / total));
    }
    const [head, ...rest] = phrase;
    if (head === undefined) {
      const arcs = this.#arcs[next];
      if (arcs === undefined) throw new RangeError('automaton: an optional phrase cannot stand before a loop.');
      return arcs;
    }
    if (rest.length === 0) return this.#first(head, next);
    const middle = this.#arcs.push(this.#first(rest, next)) - 1;
    return this.#first(head, middle);
  }
}

function scaled(arcs: readonly Arc[], by: number): readonly Arc[] {
  return arcs.map(({ word, probability, to }) => ({ word, probability: probability * by, to }));
}

/** States with arcs: state s has the arcs starts[s] … starts[s + 1). */
export class Automaton {
  /** The words by their number. */
  readonly words: readonly string[];
  readonly start: number;
  readonly starts: Int32Array;
  readonly arcWords: Int32Array;
  readonly arcProbabilities: Float64Array;
  readonly arcTargets: Int32Array;

  constructor(words: readonly string[], arcs: readonly (readonly Arc[])[], start: number) {
    this.words = words;
    this.start = start;
    this.starts = new Int32Array(arcs.length + 1);
    arcs.forEach((list, state) => {
      this.starts[state + 1] = (this.starts[state] as number) + list.length;
    });
    const flat = arcs.flat();
    this.arcWords = Int32Array.from(flat, ({ word }) => word);
    this.arcProbabilities = Float64Array.from(flat, ({ probability }) => probability);
    this.arcTargets = Int32Array.from(flat, ({ to }) => to);
  }

  get stateCount(): number {
    return this.starts.length - 1;
  }

  /** The arc that a uniform draw on [0, 1) takes out of `state`. */
  arcAt(state: number, draw: number): number {
    const end = (this.starts[state + 1] as number) - 1;
    let arc = this.starts[state] as number;
    let left = draw;
    while (arc < end) {
      left -= this.arcProbabilities[arc] as number;
      if (left < 0) break;
      arc++;
    }
    return arc;
  }

  /** The share of a long text's positions at which each state stands: visits from `start` until its return, normalised. */
  stationary(): Float64Array {
    const visits = new Float64Array(this.stateCount);
    let now = new Float64Array(this.stateCount);
    now[this.start] = 1;
    for (let left = 1; left > 1e-14; ) {
      const then = new Float64Array(this.stateCount);
      left = 0;
      now.forEach((mass, state) => {
        if (mass === 0) return;
        visits[state] = (visits[state] as number) + mass;
        for (let arc = this.starts[state] as number; arc < (this.starts[state + 1] as number); arc++) {
          const to = this.arcTargets[arc] as number;
          if (to === this.start) continue;
          const moved = mass * (this.arcProbabilities[arc] as number);
          then[to] = (then[to] as number) + moved;
          left += moved;
        }
      });
      now = then;
    }
    const total = visits.reduce((sum, n) => sum + n, 0);
    return visits.map((n) => n / total);
  }
}
