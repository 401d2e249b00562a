/** Softmax attention and its gradient by the textbook: one head, one query, one key at a time. */
import type { AttentionOptions } from '../../ops/ops.ts';
import type { AttentionShape } from '../../ops/shapes.ts';
import { softmax } from './math.ts';

/** Where query, key and value of one head lie in a projection's rows. */
export interface Projections {
  readonly q: Float64Array;
  readonly strideQ: number;
  readonly kv: Float64Array;
  readonly strideKV: number;
  /** Columns at which keys and values begin. */
  readonly keyAt: number;
  readonly valueAt: number;
}

/** Rotates a head's vector by its position; `sign` −1 rotates back. */
function rotated(vector: Float64Array, position: number | undefined, theta: number, sign: number): Float64Array {
  if (position === undefined) return vector;
  const half = vector.length / 2;
  return vector.map((x, i) => {
    const pair = i % half;
    const angle = sign * position * theta ** (-pair / half);
    const other = vector[i < half ? i + half : i - half] as number;
    return x * Math.cos(angle) + (i < half ? -1 : 1) * other * Math.sin(angle);
  });
}

/** Calls `each` for every query of every head with its rotated vector, its keys' and values' and the probabilities. */
function forQueries(
  shape: AttentionShape,
  options: AttentionOptions,
  { q, strideQ, kv, strideKV, keyAt, valueAt }: Projections,
  each: (at: {
    readonly row: number;
    readonly head: number;
    readonly query: Float64Array;
    readonly keys: readonly { readonly row: number; readonly key: Float64Array; readonly value: Float64Array }[];
    readonly probabilities: Float64Array;
  }) => void,
): void {
  const { B, Tq, Tk, H, D } = shape;
  const theta = options.ropeTheta ?? 10_000;
  for (let b = 0; b < B; b++) {
    const length = options.keyLengths?.[b] ?? Tk;
    for (let h = 0; h < H; h++) {
      const keys = Array.from({ length }, (_, t) => {
        const row = b * Tk + t;
        const at = row * strideKV + h * D;
        const key = rotated(kv.slice(at + keyAt, at + keyAt + D), options.keyPositions?.[row], theta, 1);
        return { row, key, value: kv.slice(at + valueAt, at + valueAt + D) };
      });
      for (let t = 0; t < Tq; t++) {
        const row = b * Tq + t;
        const at = row * strideQ + h * D;
        const query = rotated(q.slice(at, at + D), options.queryPositions?.[row], theta, 1);
        const scores = keys.map(({ key }) => dot(query, key) / Math.sqrt(D));
        each({ row, head: h * D, query, keys, probabilities: softmax(scores).probabilities });
      }
    }
  }
}

/** y (B·Tq, C) */
export function attention(shape: AttentionShape, options: AttentionOptions, from: Projections, y: Float64Array): void {
  forQueries(shape, options, from, ({ row, head, keys, probabilities }) => {
    keys.forEach(({ value }, j) => {
      addScaled(y, row * shape.C + head, value, probabilities[j] as number);
    });
  });
}

/** Adds to dq and dkv, which lie as q and kv do. */
export function attentionBackward(
  shape: AttentionShape,
  options: AttentionOptions,
  from: Projections,
  dy: Float64Array,
  dq: Float64Array,
  dkv: Float64Array,
): void {
  const { C, D } = shape;
  const theta = options.ropeTheta ?? 10_000;
  forQueries(shape, options, from, ({ row, head, query, keys, probabilities }) => {
    const dOut = dy.slice(row * C + head, row * C + head + D);
    const dProbabilities = keys.map(({ value }) => dot(dOut, value));
    const mean = dProbabilities.reduce((sum, d, j) => sum + d * (probabilities[j] as number), 0);
    const dQuery = new Float64Array(D);
    keys.forEach(({ row: keyRow, key }, j) => {
      const p = probabilities[j] as number;
      const dScore = (p * ((dProbabilities[j] as number) - mean)) / Math.sqrt(D);
      const at = keyRow * from.strideKV + head;
      addScaled(dkv, at + from.valueAt, dOut, p);
      addScaled(dQuery, 0, key, dScore);
      addScaled(dkv, at + from.keyAt, rotated(query, options.keyPositions?.[keyRow], theta, -1), dScore);
    });
    addScaled(dq, row * from.strideQ + head, rotated(dQuery, options.queryPositions?.[row], theta, -1), 1);
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}

function addScaled(into: Float64Array, at: number, x: Float64Array, factor: number): void {
  for (let i = 0; i < x.length; i++) into[at + i] = (into[at + i] as number) + factor * (x[i] as number);
}
