/** Every differentiable op with inputs of random sizes: what gradients and backends are checked on. Tests only. */
import type { AttentionOptions, Ops } from '../ops/ops.ts';
import type { Random } from '../random/random.ts';
import { type Shape, sizeOf, type Tensor } from '../tensor/tensor.ts';

/** Values that float32 holds exactly, so that every backend starts from the same numbers. */
export interface Input {
  readonly shape: Shape;
  readonly values: Float32Array;
}

/** One op on drawn inputs. All inputs are differentiated. */
export interface OpCase {
  readonly inputs: Readonly<Record<string, Input>>;
  /** `make` gives a constant tensor. */
  run(ops: Ops, inputs: Readonly<Record<string, Tensor>>): Tensor;
}

/** Draws a case with sizes up to about `most`. */
export type DrawCase = (random: Random, most: number) => OpCase;

export function drawInput(random: Random, shape: Shape, deviation = 1): Input {
  return { shape, values: Float32Array.from({ length: sizeOf(shape) }, () => random.normal() * deviation) };
}

const size = (random: Random, most: number) => 1 + random.integer(most);
const integers = (random: Random, length: number, from: number, to: number) =>
  Int32Array.from({ length }, () => from + random.integer(to - from));

/** A scalar that every element of y counts in: Σ cᵢ·yᵢ with drawn c. */
export function weightedSum(ops: Ops, y: Tensor, random: Random): Tensor {
  const n = sizeOf(y.shape);
  const weights = ops.tensor(drawInput(random, [1, n]).values, [1, n]);
  return ops.linear(ops.reshape(y, [1, n]), weights);
}

function unary(run: (ops: Ops, x: Tensor) => Tensor): DrawCase {
  return (random, most) => ({
    inputs: { x: drawInput(random, [size(random, 4), size(random, most)], 1.5) },
    run: (ops, { x }) => run(ops, x as Tensor),
  });
}

function norm(kind: 'rmsNorm' | 'layerNorm', withBias: boolean): DrawCase {
  return (random, most) => {
    const C = 1 + size(random, most);
    return {
      inputs: {
        x: drawInput(random, [size(random, 3), size(random, 5), C], 2),
        weight: drawInput(random, [C]),
        ...(withBias ? { bias: drawInput(random, [C]) } : {}),
      },
      run: (ops, { x, weight, bias }) =>
        kind === 'rmsNorm'
          ? ops.rmsNorm(x as Tensor, weight as Tensor, 1e-5)
          : ops.layerNorm(x as Tensor, weight as Tensor, bias, 1e-5),
    };
  };
}

const HEAD_SIZES = [2, 6, 10, 32, 64];

function attention(cross: boolean, rotated: boolean, padded: boolean): DrawCase {
  return (random, most): OpCase => {
    const B = size(random, 2);
    const numHeads = size(random, 3);
    const fitting = HEAD_SIZES.filter((D) => D <= most);
    const C = numHeads * (fitting[random.integer(fitting.length)] as number);
    const Tk = size(random, most);
    const Tq = cross ? size(random, most) : Tk;
    const keyPositions = integers(random, B * Tk, 0, 200);
    const options: AttentionOptions = {
      numHeads,
      ...(rotated
        ? { keyPositions, queryPositions: cross ? integers(random, B * Tq, 0, 600) : keyPositions, ropeTheta: 1000 }
        : {}),
      ...(padded ? { keyLengths: integers(random, B, 1, Tk + 1) } : {}),
    };
    if (!cross) {
      return {
        inputs: { qkv: drawInput(random, [B, Tk, 3 * C]) },
        run: (ops, { qkv }) => ops.selfAttention(qkv as Tensor, options),
      };
    }
    return {
      inputs: { query: drawInput(random, [B, Tq, C]), keyValue: drawInput(random, [B, Tk, 2 * C]) },
      run: (ops, { query, keyValue }) => ops.crossAttention(query as Tensor, keyValue as Tensor, options),
    };
  };
}

function vocabulary(what: {
  zLoss?: number;
  hardWeight?: number;
  soft?: boolean;
  ignored?: boolean;
  bias?: boolean;
}): DrawCase {
  return (random, most) => {
    const N = size(random, most);
    const C = size(random, most);
    const V = 2 + size(random, 2 * most);
    const labels = integers(random, N, 0, V);
    if (what.ignored) for (let i = 0; i < N; i += 2) labels[i] = -100;
    const teacher = drawInput(random, [N, C]);
    const teacherTable = drawInput(random, [V, C]);
    const K = 1 + random.integer(V);
    const soft = (ops: Ops) =>
      ops.topTargets(ops.tensor(teacher.values, [N, C]), ops.tensor(teacherTable.values, [V, C]), undefined, K, 2);
    return {
      inputs: {
        hidden: drawInput(random, [N, C]),
        table: drawInput(random, [V, C]),
        ...(what.bias === false ? {} : { bias: drawInput(random, [V]) }),
      },
      run: (ops, { hidden, table, bias }) =>
        ops.vocabularyLoss(hidden as Tensor, table as Tensor, bias, {
          labels,
          hardWeight: what.hardWeight ?? 1,
          zLoss: what.zLoss ?? 0,
          ...(what.soft ? { soft: { targets: soft(ops), weight: 0.7 } } : {}),
        }),
    };
  };
}

function againstTarget(loss: 'meanSquaredError' | 'cosineLoss'): DrawCase {
  return (random, most) => {
    const shape = [size(random, 5), size(random, most)];
    const target = drawInput(random, shape);
    return {
      inputs: { x: drawInput(random, shape) },
      run: (ops, { x }) => ops[loss](x as Tensor, ops.tensor(target.values, shape)),
    };
  };
}

function labels(loss: 'softmaxCrossEntropy' | 'binaryCrossEntropy'): DrawCase {
  return (random, most) => {
    const [N, K] = [size(random, most), 1 + size(random, 6)];
    const targets = Float32Array.from({ length: N * K }, () => random.uniform());
    if (loss === 'softmaxCrossEntropy') {
      for (let row = 0; row < N * K; row += K) {
        const sum = targets.subarray(row, row + K).reduce((a, b) => a + b, 0);
        for (let i = row; i < row + K; i++) targets[i] = (targets[i] as number) / sum;
      }
    }
    return {
      inputs: { logits: drawInput(random, [N, K], 3) },
      run: (ops, { logits }) => ops[loss](logits as Tensor, targets),
    };
  };
}

/** Draws by name; together they cover every op that a gradient goes through. */
export const OP_CASES: Readonly<Record<string, DrawCase>> = {
  embedding: (random, most) => {
    const [V, C, n] = [size(random, most), size(random, most), size(random, most)];
    const ids = integers(random, n, 0, V);
    return {
      inputs: { table: drawInput(random, [V, C]) },
      run: (ops, { table }) => ops.embedding(table as Tensor, ids, [n]),
    };
  },
  linear: (random, most) => {
    const [I, O] = [size(random, most), size(random, most)];
    return {
      inputs: { x: drawInput(random, [size(random, 3), size(random, most), I]), weight: drawInput(random, [O, I]) },
      run: (ops, { x, weight }) => ops.linear(x as Tensor, weight as Tensor),
    };
  },
  'linear with bias': (random, most) => {
    const [I, O] = [size(random, most), size(random, most)];
    return {
      inputs: {
        x: drawInput(random, [size(random, most), I]),
        weight: drawInput(random, [O, I]),
        bias: drawInput(random, [O]),
      },
      run: (ops, { x, weight, bias }) => ops.linear(x as Tensor, weight as Tensor, bias),
    };
  },
  add: (random, most) => {
    const shape = [size(random, 4), size(random, most)];
    return {
      inputs: { a: drawInput(random, shape), b: drawInput(random, shape) },
      run: (ops, { a, b }) => ops.add(a as Tensor, b as Tensor),
    };
  },
  // x reaches the sum by four ways, two of them through one tensor.
  'a tensor used several times': unary((ops, x) => {
    const y = ops.tanh(x);
    return ops.add(ops.add(y, ops.scale(y, -0.5)), ops.add(x, ops.gelu(x)));
  }),
  // The sum hands one gradient to both sides; one of them gets more afterwards.
  'a sum whose sides are used again': (random, most) => {
    const shape = [size(random, 4), size(random, most)];
    return {
      inputs: { a: drawInput(random, shape), b: drawInput(random, shape) },
      run: (ops, { a, b }) => {
        const [x, y] = [ops.tanh(a as Tensor), ops.gelu(b as Tensor)];
        const again = ops.scale(x, 2);
        return ops.tanh(ops.add(ops.add(x, y), again));
      },
    };
  },
  scale: unary((ops, x) => ops.scale(x, -2.5)),
  reshape: unary((ops, x) => ops.scale(ops.reshape(x, [sizeOf(x.shape)]), 2)),
  gelu: unary((ops, x) => ops.gelu(x)),
  tanh: unary((ops, x) => ops.tanh(x)),
  dropout: unary((ops, x) => ops.dropout(x, 0.3, [7, 0xdeadbeef])),
  geglu: (random, most) => ({
    inputs: { x: drawInput(random, [size(random, 5), 2 * size(random, most)], 1.5) },
    run: (ops, { x }) => ops.geglu(x as Tensor),
  }),
  rmsNorm: norm('rmsNorm', false),
  layerNorm: norm('layerNorm', true),
  'layerNorm without bias': norm('layerNorm', false),
  selfAttention: attention(false, false, false),
  'selfAttention with rotation': attention(false, true, false),
  'selfAttention with rotation and padding': attention(false, true, true),
  crossAttention: attention(true, false, false),
  'crossAttention with rotation': attention(true, true, false),
  'crossAttention with padding': attention(true, false, true),
  gatherRows: (random, most) => {
    const [N, C, n] = [size(random, most), size(random, most), size(random, most)];
    const indices = integers(random, n, -1, N);
    return {
      inputs: { x: drawInput(random, [N, C]) },
      run: (ops, { x }) => ops.gatherRows(x as Tensor, indices, [n]),
    };
  },
  meanPool: (random, most) => {
    const [B, T] = [size(random, 4), size(random, most)];
    const lengths = integers(random, B, 1, T + 1);
    return {
      inputs: { x: drawInput(random, [B, T, size(random, most)]) },
      run: (ops, { x }) => ops.meanPool(x as Tensor, lengths),
    };
  },
  vocabularyLoss: vocabulary({}),
  'vocabularyLoss without bias': vocabulary({ bias: false }),
  'vocabularyLoss with ignored rows and z-loss': vocabulary({ ignored: true, zLoss: 0.1 }),
  'vocabularyLoss with soft targets': vocabulary({ soft: true, hardWeight: 0.3 }),
  'vocabularyLoss with soft targets alone': vocabulary({ soft: true, hardWeight: 0, ignored: true }),
  softmaxCrossEntropy: labels('softmaxCrossEntropy'),
  binaryCrossEntropy: labels('binaryCrossEntropy'),
  meanSquaredError: againstTarget('meanSquaredError'),
  cosineLoss: againstTarget('cosineLoss'),
};
