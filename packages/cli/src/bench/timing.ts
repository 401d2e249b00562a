/** How the benchmarks take time: contestants in turns within one run, medians of the rounds. */

export interface Contestant {
  readonly name: string;
  /** One repetition; whatever it starts has ended when it returns. */
  run(): void | Promise<void>;
}

/** The middle value (the upper of the two middle ones); NaN for nothing. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

async function timeMs(contestant: Contestant, repetitions: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < repetitions; i++) await contestant.run();
  return (performance.now() - start) / repetitions;
}

/** Runs until two repetitions in a row take about the same, so that optimised code has replaced the first. */
async function settle(contestant: Contestant): Promise<number> {
  let last = await timeMs(contestant, 1);
  const deadline = performance.now() + 400;
  for (let calm = 0; calm < 4 && performance.now() < deadline; ) {
    const ms = await timeMs(contestant, 1);
    calm = Math.abs(ms - last) < 0.1 * last ? calm + 1 : 0;
    last = ms;
  }
  return last;
}

/**
 * Milliseconds a repetition for every contestant and round: each round gives every contestant a slice of about `sliceMs`.
 * Every figure of one round was taken within a moment of the others, so ratios within a round stand noise best.
 */
export async function interleave(
  contestants: readonly Contestant[],
  { rounds = 7, sliceMs = 50 }: { readonly rounds?: number; readonly sliceMs?: number } = {},
): Promise<number[][]> {
  const repetitions: number[] = [];
  for (const contestant of contestants) {
    const ms = await settle(contestant);
    repetitions.push(Math.max(1, Math.round(sliceMs / Math.max(ms, 1e-3))));
  }
  const times: number[][] = contestants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const count = repetitions[i] as number;
      // Uncounted: brings this contestant's data back into the caches that the one before it filled.
      if (count > 1) await contestant.run();
      times[i]?.push(await timeMs(contestant, count));
    }
  }
  return times;
}
