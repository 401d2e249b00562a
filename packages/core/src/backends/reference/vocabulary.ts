/** The vocabulary ops row by row: logits, losses, their gradients, ranks and a teacher's targets. */
import type { VocabularyTargets } from '../../ops/ops.ts';
import { softmax } from './math.ts';

/** logits (V) of one row of hidden states. */
export function rowLogits(
  hidden: Float64Array,
  row: number,
  table: Float64Array,
  bias: Float64Array | undefined,
  C: number,
): Float64Array {
  return Float64Array.from({ length: table.length / C }, (_, v) => {
    let sum = bias?.[v] ?? 0;
    for (let c = 0; c < C; c++) sum += (hidden[row * C + c] as number) * (table[v * C + c] as number);
    return sum;
  });
}

/** Soft targets as numbers: (N, K) and (N, K + 1). */
export interface SoftValues {
  readonly K: number;
  readonly indices: Float64Array;
  readonly probabilities: Float64Array;
}

/** The loss of one row that has a label, and its gradient with respect to the logits. */
export function rowLoss(
  logits: Float64Array,
  row: number,
  { labels, hardWeight = 1, zLoss = 0, soft }: VocabularyTargets,
  values: SoftValues | undefined,
): { loss: number; gradient: Float64Array } {
  const label = labels[row] as number;
  const { probabilities, lse } = softmax(logits);
  let loss = hardWeight * (lse - (logits[label] as number)) + zLoss * lse * lse;
  const gradient = probabilities.map((p, v) => p * (hardWeight + 2 * zLoss * lse) - (v === label ? hardWeight : 0));
  if (!soft || !values) return { loss, gradient };
  const { temperature } = soft.targets;
  const { K } = values;
  const student = softmax(logits, temperature).probabilities;
  const chosen = new Map<number, number>();
  for (let k = 0; k < K; k++) {
    chosen.set(values.indices[row * K + k] as number, values.probabilities[row * (K + 1) + k] as number);
  }
  const rest = student.reduce((sum, s, v) => sum + (chosen.has(v) ? 0 : s), 0);
  const restTarget = values.probabilities[row * (K + 1) + K] as number;
  let divergence = restTarget > 0 ? restTarget * (Math.log(restTarget) - Math.log(rest)) : 0;
  for (const [v, t] of chosen) if (t > 0) divergence += t * (Math.log(t) - Math.log(student[v] as number));
  loss += soft.weight * temperature ** 2 * divergence;
  student.forEach((s, v) => {
    const target = chosen.get(v) ?? (s * restTarget) / rest;
    gradient[v] = (gradient[v] as number) + soft.weight * temperature * (s - target);
  });
  return { loss, gradient };
}

/** How many logits come before the label's, and the cross-entropy. */
export function rowRank(logits: Float64Array, label: number): [number, number] {
  if (label < 0) return [-1, 0];
  const own = logits[label] as number;
  const before = logits.reduce((n, x, v) => (x > own || (x === own && v < label) ? n + 1 : n), 0);
  return [Number.isNaN(own) ? logits.length - 1 : before, softmax(logits).lse - own];
}

/** The K largest, largest first, the lower index first among equals; their probabilities and the rest's. */
export function rowTop(logits: Float64Array, K: number, temperature: number): { indices: number[]; targets: number[] } {
  const order = Array.from(logits.keys()).sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  const { probabilities } = softmax(logits, temperature);
  const indices = order.slice(0, K);
  const rest = order.slice(K).reduce((sum, v) => sum + (probabilities[v] as number), 0);
  return { indices, targets: [...indices.map((v) => probabilities[v] as number), rest] };
}
