/** Attention maps of a forward pass: who looked at whom, a layer and a head at a time. */
import type { AttentionOptions, Ops } from '../ops/ops.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface AttentionMap {
  /** `self` among the tokens; `cross` from the gaps to the encoder's tokens. */
  readonly kind: 'self' | 'cross';
  /** 0 for the first layer of its kind. */
  readonly layer: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  /** (heads · queries · keys): what each query takes of each key; every row sums to 1. */
  readonly weights: Float32Array;
}

interface Seen {
  readonly kind: AttentionMap['kind'];
  readonly query: Tensor;
  readonly keys: Tensor;
  readonly options: AttentionOptions;
}

/**
 * Runs `forward`, for a batch of one row, in a scope of `ops` and gives its attention maps in order. The kernels keep no
 * probabilities, so they are computed again from the queries and keys.
 */
export function attentionMaps(ops: Ops, forward: (ops: Ops) => unknown): Promise<AttentionMap[]> {
  return ops.scope(async () => {
    const seen: Seen[] = [];
    forward(watched(ops, seen));
    const counts = { self: 0, cross: 0 };
    const maps: AttentionMap[] = [];
    for (const { kind, query, keys, options } of seen) {
      const q = rows(await ops.read(query), query);
      const k = query === keys ? q : rows(await ops.read(keys), keys);
      const hidden = kind === 'self' ? q.width / 3 : q.width;
      maps.push({ kind, layer: counts[kind]++, ...weightsOf(q, k, hidden, kind === 'self' ? hidden : 0, options) });
    }
    return maps;
  });
}

/** The same ops, which note what attention is asked for. */
function watched(ops: Ops, seen: Seen[]): Ops {
  const noting: Pick<Ops, 'selfAttention' | 'crossAttention'> = {
    selfAttention: (qkv, options) => {
      seen.push({ kind: 'self', query: qkv, keys: qkv, options });
      return ops.selfAttention(qkv, options);
    },
    crossAttention: (query, keys, options) => {
      seen.push({ kind: 'cross', query, keys, options });
      return ops.crossAttention(query, keys, options);
    },
  };
  return new Proxy(ops, {
    get(target, name) {
      if (Object.hasOwn(noting, name)) return noting[name as keyof typeof noting];
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

interface Rows {
  readonly values: Float32Array;
  readonly count: number;
  readonly width: number;
}

function rows(values: Float32Array, { shape }: Tensor): Rows {
  const width = shape[shape.length - 1] ?? 1;
  return { values, count: values.length / width, width };
}

/** softmax(q·k/√d) of every head; keys begin at column `keyAt` of their rows. */
function weightsOf(q: Rows, k: Rows, hidden: number, keyAt: number, options: AttentionOptions) {
  const { numHeads: heads, queryPositions, keyPositions, ropeTheta = 10_000 } = options;
  const size = hidden / heads;
  const weights = new Float32Array(heads * q.count * k.count);
  for (let head = 0; head < heads; head++) {
    const vectors = (of: Rows, from: number, positions: Int32Array | undefined) =>
      Array.from({ length: of.count }, (_, row) => {
        const at = row * of.width + from + head * size;
        return rotated(of.values.subarray(at, at + size), positions?.[row], ropeTheta);
      });
    const queries = vectors(q, 0, queryPositions);
    const keys = vectors(k, keyAt, keyPositions);
    queries.forEach((query, row) => {
      const scores = keys.map((key) => dot(query, key) / Math.sqrt(size));
      weights.set(softmax(scores), (head * q.count + row) * k.count);
    });
  }
  return { heads, queries: q.count, keys: k.count, weights };
}

/** A head's vector turned by its position, as `AttentionOptions` says. */
function rotated(vector: Float32Array, position: number | undefined, theta: number): Float32Array {
  if (position === undefined) return vector;
  const half = vector.length / 2;
  return vector.map((x, i) => {
    const angle = position * theta ** (-(i % half) / half);
    const other = vector[i < half ? i + half : i - half] as number;
    return x * Math.cos(angle) + (i < half ? -1 : 1) * other * Math.sin(angle);
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);
}

function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const exponentials = scores.map((score) => Math.exp(score - most));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((e) => e / sum);
}
