/**
 * How likely a text is to the model: every token in turn is removed and asked for again (pseudo-log-likelihood,
 * arXiv 1910.14659). Fewer passes remove several tokens at a time, spread over the text, and cost less.
 */
import { vocabularyHead } from '../losses/masked.ts';
import type { MaskedBatch } from '../model/batch.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params } from '../tensor/tensor.ts';
import { gapWork } from './work.ts';

/** Which tokens (0 is the first separator) go in each pass: as far from each other as can be, every one once. */
function removals(tokens: number, passes: number): number[][] {
  const sets: number[][] = Array.from({ length: passes }, () => []);
  for (let i = 0; i < tokens; i++) sets[i % passes]?.push(i + 1);
  return sets;
}

/** Multiply-adds of `logProbabilities`. */
export function scoringWork(config: ModelConfig, tokens: number, passes: number): number {
  return removals(tokens, passes).reduce((sum, gaps) => sum + gapWork(config, tokens + 2, gaps.length), 0);
}

/**
 * The log-probability of each token given those that stay, in nats, (T − 2).
 * `ids`: the text with its separators, (T). `passes`: at most one a token.
 */
export async function logProbabilities(
  ops: Ops,
  params: Params,
  config: ModelConfig,
  ids: Int32Array,
  passes: number,
): Promise<Float32Array> {
  const { table, bias } = vocabularyHead(params);
  const found = new Float32Array(ids.length - 2);
  // As many rows at a time as take no more memory than the longest text does.
  const rows = Math.max(1, Math.floor(config.maxPositionEmbeddings / ids.length));
  for (const alike of byLength(removals(ids.length - 2, passes))) {
    for (let from = 0; from < alike.length; from += rows) {
      const batch = removedBatch(ids, alike.slice(from, from + rows));
      const ranked = await ops.scope(() =>
        ops.read(ops.vocabularyRank(gapStates(ops, params, config, batch).gaps, table, bias, batch.labels)),
      ); // (B·G, 2)
      batch.gapPositions.forEach((at, i) => {
        found[at - 1] = -(ranked[2 * i + 1] as number);
      });
    }
  }
  return found;
}

/** Rows of one batch have the same number of gaps; here there are two at most. */
function byLength(sets: readonly number[][]): number[][][] {
  const groups = new Map<number, number[][]>();
  for (const set of sets) groups.set(set.length, [...(groups.get(set.length) ?? []), set]);
  return [...groups.values()];
}

function removedBatch(ids: Int32Array, removed: readonly (readonly number[])[]): MaskedBatch {
  const gapLength = removed[0]?.length ?? 0;
  const visiblePositions = removed.flatMap((gaps) => [...ids.keys()].filter((at) => !gaps.includes(at)));
  const gapPositions = removed.flat();
  return {
    kind: 'masked',
    batchSize: removed.length,
    visibleLength: ids.length - gapLength,
    gapLength,
    visibleIds: Int32Array.from(visiblePositions, (at) => ids[at] as number),
    visiblePositions: Int32Array.from(visiblePositions),
    gapPositions: Int32Array.from(gapPositions),
    labels: Int32Array.from(gapPositions, (at) => ids[at] as number),
  };
}
