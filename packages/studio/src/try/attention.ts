/** Attention maps as they are shown: a head's or the mean of all, and what one row looks at most. */
import type { AttentionMap } from '@lacuna/client/local';

/** (queries · keys) of one head, or of all heads on average; every row sums to 1. */
export function headWeights({ heads, queries, keys, weights }: AttentionMap, head: number | 'mean'): Float32Array {
  const size = queries * keys;
  if (head !== 'mean') return weights.subarray(head * size, (head + 1) * size);
  return Float32Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let of = 0; of < heads; of++) sum += weights[of * size + i] as number;
    return sum / heads;
  });
}

export interface Looked {
  readonly key: number;
  readonly weight: number;
}

/** What a row takes most of, the most first. */
export function strongest(weights: Float32Array, row: number, keys: number, count: number): Looked[] {
  const own = weights.subarray(row * keys, (row + 1) * keys);
  return Array.from(own, (weight, key) => ({ key, weight }))
    .sort((a, b) => b.weight - a.weight || a.key - b.key)
    .slice(0, count);
}

/** What people read of a map. */
export function mapName({ kind, layer }: AttentionMap): string {
  return kind === 'self' ? `Encoder layer ${layer + 1}` : `Decoder layer ${layer + 1}, from the gaps`;
}
