/** The forward ops composed of TensorFlow.js kernels, for its WASM and its WebGPU backend alike. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { AttentionOptions, Ops, SoftTargets, VocabularyTargets } from '../../ops/ops.ts';
import {
  type AttentionShape,
  checkCrossAttention,
  checkDropout,
  checkEmbedding,
  checkGather,
  checkGeglu,
  checkLinear,
  checkMeanPool,
  checkNorm,
  checkSelfAttention,
  checkTargets,
  expectLength,
  expectSame,
} from '../../ops/shapes.ts';
import { threefry2x32 } from '../../random/random.ts';
import { type Shape, sizeOf, type Tensor, widthOf } from '../../tensor/tensor.ts';
import type { Arithmetic } from './arithmetic.ts';
import { type AttentionInput, attention, paddingMask } from './attention.ts';
import { type RotaryTables, rotaryValues } from './rotary.ts';
import { TfjsTensors } from './tensors.ts';
import { topTargets, vocabularyLoss, vocabularyRank } from './vocabulary.ts';

export class TfjsInference extends TfjsTensors implements Ops {
  /** Tables by positions, head size and base: the layers of a step share them. They die with the scope. */
  #tables = new Map<Int32Array, Map<string, RotaryTables>>();

  embedding(table: Tensor, ids: Int32Array, shape: Shape): Tensor {
    const { C } = checkEmbedding(table.shape, ids, shape);
    const rows = this.info(table);
    return this.compute([...shape, C], (tf) =>
      tf.reshape(tf.gather(rows, this.engine.integer(ids, [ids.length])), [...shape, C]),
    );
  }

  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const { rows, I, O } = checkLinear(x.shape, weight.shape, bias?.shape);
    const [input, w, b] = [this.info(x), this.info(weight), bias && this.info(bias)];
    const shape = [...x.shape.slice(0, -1), O];
    return this.compute(shape, (tf) => {
      const y = tf.matMul(tf.reshape(input, [rows, I]), w, false, true);
      return tf.reshape(b ? tf.add(y, b) : y, shape);
    });
  }

  add(a: Tensor, b: Tensor): Tensor {
    expectSame('add', a, b);
    return this.compute(a.shape, (tf) => tf.add(this.info(a), this.info(b)));
  }

  scale(x: Tensor, factor: number): Tensor {
    const input = this.info(x);
    return this.compute(x.shape, (tf) => tf.mul(input, factor));
  }

  reshape(x: Tensor, shape: Shape): Tensor {
    expectLength('reshape', 'the tensor', { length: sizeOf(x.shape) }, sizeOf(shape));
    return this.handle(this.engine.alias(this.info(x), shape), shape, x.dtype);
  }

  layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number): Tensor {
    const { rows, C } = checkNorm('layerNorm', x.shape, weight.shape, bias?.shape);
    const [input, w, b] = [this.info(x), this.info(weight), bias && this.info(bias)];
    return this.compute(x.shape, (tf) => {
      const y = tf.mul(normalised(tf, tf.reshape(input, [rows, C]), eps, true).row, w);
      return tf.reshape(b ? tf.add(y, b) : y, x.shape);
    });
  }

  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    const { rows, C } = checkNorm('rmsNorm', x.shape, weight.shape);
    const [input, w] = [this.info(x), this.info(weight)];
    return this.compute(x.shape, (tf) =>
      tf.reshape(tf.mul(normalised(tf, tf.reshape(input, [rows, C]), eps, false).row, w), x.shape),
    );
  }

  gelu(x: Tensor): Tensor {
    const input = this.info(x);
    return this.compute(x.shape, (tf) => tf.mul(input, normalCdf(tf, input)));
  }

  geglu(x: Tensor): Tensor {
    const { F } = checkGeglu(x.shape);
    const input = this.info(x);
    return this.compute([...x.shape.slice(0, -1), F], (tf) => {
      const gate = tf.columns(input, 0, F);
      return tf.mul(tf.mul(gate, normalCdf(tf, gate)), tf.columns(input, F, F));
    });
  }

  tanh(x: Tensor): Tensor {
    const input = this.info(x);
    return this.compute(x.shape, (tf) => tf.tanh(input));
  }

  selfAttention(qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    const { B, Tq, C } = shape;
    const tables = this.attentionTables(shape, options);
    const input = this.info(qkv);
    return this.compute([B, Tq, C], (tf) => attention(tf, shape, { ...thirds(tf, input, C), ...tables }));
  }

  crossAttention(query: Tensor, keyValue: Tensor, options: AttentionOptions): Tensor {
    const shape = checkCrossAttention(query.shape, keyValue.shape, options);
    const { C } = shape;
    const tables = this.attentionTables(shape, options);
    const [q, kv] = [this.info(query), this.info(keyValue)];
    return this.compute(query.shape, (tf) => attention(tf, shape, { query: q, ...halves(tf, kv, C), ...tables }));
  }

  /** What attention needs beside its projections, made in the scope's frame as several ops share it. */
  protected attentionTables(
    shape: AttentionShape,
    options: AttentionOptions,
  ): Pick<AttentionInput, 'queryTables' | 'keyTables' | 'mask'> {
    const { B, Tk, D } = shape;
    const { queryPositions, keyPositions, ropeTheta = 10_000 } = options;
    const mask = paddingMask(shape, options);
    return {
      queryTables: queryPositions && this.#rotaryTables(queryPositions, D, ropeTheta),
      keyTables: keyPositions && this.#rotaryTables(keyPositions, D, ropeTheta),
      mask: mask && this.engine.float(mask, [B, 1, 1, Tk]),
    };
  }

  #rotaryTables(positions: Int32Array, D: number, theta: number): RotaryTables {
    const key = `${D} ${theta}`;
    const known = this.#tables.get(positions) ?? new Map<string, RotaryTables>();
    this.#tables.set(positions, known);
    const found = known.get(key);
    if (found) return found;
    const { cos, sin } = rotaryValues(positions, D, theta);
    const shape = [positions.length, 1, D];
    const tables = { cos: this.engine.float(cos, shape), sin: this.engine.float(sin, shape) };
    known.set(key, tables);
    return tables;
  }

  protected override endScope(): void {
    this.#tables.clear();
  }

  gatherRows(x: Tensor, indices: Int32Array, shape: Shape): Tensor {
    const { N, C } = checkGather(x.shape, indices, shape);
    const rows = this.info(x);
    return this.compute([...shape, C], (tf) => {
      const present = indices.map((row) => Math.max(0, row));
      const y = tf.gather(tf.reshape(rows, [N, C]), this.engine.integer(present, [indices.length]));
      if (!indices.includes(-1)) return tf.reshape(y, [...shape, C]);
      const counts = Float32Array.from(indices, (row) => (row < 0 ? 0 : 1));
      return tf.reshape(tf.mul(y, this.engine.float(counts, [indices.length, 1])), [...shape, C]);
    });
  }

  meanPool(x: Tensor, lengths: Int32Array): Tensor {
    const { B, T, C } = checkMeanPool(x.shape, lengths);
    const input = this.info(x);
    return this.compute([B, C], (tf) =>
      tf.sum(tf.mul(input, this.engine.float(meanWeights(lengths, T), [B, T, 1])), 1, false),
    );
  }

  dropout(x: Tensor, rate: number, key: readonly [number, number]): Tensor {
    checkDropout(rate);
    const input = this.info(x);
    return this.compute(x.shape, (tf) =>
      tf.mul(input, this.engine.float(dropoutMask(sizeOf(x.shape), rate, key), x.shape)),
    );
  }

  vocabularyLoss(hidden: Tensor, table: Tensor, bias: Tensor | undefined, targets: VocabularyTargets): Tensor {
    return vocabularyLoss(this, hidden, table, bias, targets);
  }

  vocabularyRank(hidden: Tensor, table: Tensor, bias: Tensor | undefined, labels: Int32Array): Tensor {
    return vocabularyRank(this, hidden, table, bias, labels);
  }

  topTargets(hidden: Tensor, table: Tensor, bias: Tensor | undefined, k: number, temperature: number): SoftTargets {
    return topTargets(this, hidden, table, bias, k, temperature);
  }

  softmaxCrossEntropy(logits: Tensor, targets: Float32Array): Tensor {
    const { N, K } = checkTargets('softmaxCrossEntropy', logits.shape, targets);
    const input = this.info(logits);
    return this.compute([], (tf) => {
      const log = tf.sub(input, tf.logSumExp(input));
      return tf.mul(tf.sumAll(tf.mul(log, this.engine.float(targets, [N, K]))), -1 / N);
    });
  }

  binaryCrossEntropy(logits: Tensor, targets: Float32Array): Tensor {
    checkTargets('binaryCrossEntropy', logits.shape, targets);
    const x = this.info(logits);
    return this.compute([], (tf) => {
      const product = tf.mul(x, this.engine.float(targets, logits.shape));
      const tail = tf.log(tf.add(tf.exp(tf.mul(tf.abs(x), -1)), 1));
      const each = tf.add(tf.sub(tf.atLeast(x, 0), product), tail);
      return tf.mul(tf.sumAll(each), 1 / sizeOf(logits.shape));
    });
  }

  meanSquaredError(x: Tensor, target: Tensor): Tensor {
    expectSame('meanSquaredError', x, target);
    const [input, t] = [this.info(x), this.info(target)];
    return this.compute([], (tf) => tf.mul(tf.sumAll(tf.square(tf.sub(input, t))), 1 / sizeOf(x.shape)));
  }

  cosineLoss(x: Tensor, target: Tensor): Tensor {
    expectSame('cosineLoss', x, target);
    const rows = sizeOf(x.shape) / widthOf(x.shape);
    const [input, t] = [this.info(x), this.info(target)];
    return this.compute([], (tf) => {
      const each = cosines(tf, tf.reshape(input, [rows, widthOf(x.shape)]), tf.reshape(t, [rows, widthOf(x.shape)]));
      return tf.sub(1, tf.mul(tf.sumAll(each.cosine), 1 / rows));
    });
  }
}

/** qkv (B, T, 3C) as query, key and value. */
export function thirds(tf: Arithmetic, qkv: TensorInfo, C: number): Pick<AttentionInput, 'query' | 'key' | 'value'> {
  return { query: tf.columns(qkv, 0, C), key: tf.columns(qkv, C, C), value: tf.columns(qkv, 2 * C, C) };
}

/** keyValue (B, Tk, 2C) as key and value. */
export function halves(tf: Arithmetic, keyValue: TensorInfo, C: number): Pick<AttentionInput, 'key' | 'value'> {
  return { key: tf.columns(keyValue, 0, C), value: tf.columns(keyValue, C, C) };
}

/** Φ(x) by erf. */
export function normalCdf(tf: Arithmetic, x: TensorInfo): TensorInfo {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}

/** Rows of x (N, C) over their deviation, and 1/deviation (N, 1). */
export function normalised(
  tf: Arithmetic,
  x: TensorInfo,
  eps: number,
  centred: boolean,
): { row: TensorInfo; inverse: TensorInfo } {
  const shifted = centred ? tf.sub(x, tf.mean(x, 1)) : x;
  const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(shifted), 1), eps));
  return { row: tf.mul(shifted, inverse), inverse };
}

/** cos(x, t) by row, (N, 1), and the rows' lengths. */
export function cosines(tf: Arithmetic, x: TensorInfo, t: TensorInfo) {
  const length = (rows: TensorInfo) => tf.atLeast(tf.sqrt(tf.sum(tf.square(rows), 1)), 1e-12);
  const [lengthX, lengthT] = [length(x), length(t)];
  return { cosine: tf.div(tf.sum(tf.mul(x, t), 1), tf.mul(lengthX, lengthT)), lengthX, lengthT };
}

/** 1/length for the tokens that count, 0 for padding: (B·T). */
export function meanWeights(lengths: Int32Array, T: number): Float32Array {
  return Float32Array.from({ length: lengths.length * T }, (_, i) => {
    const length = lengths[Math.floor(i / T)] as number;
    return i % T < length ? 1 / length : 0;
  });
}

/** 1/(1 − rate) for what is kept, 0 for the rest. */
export function dropoutMask(size: number, rate: number, key: readonly [number, number]): Float32Array {
  const mask = new Float32Array(size);
  for (let i = 0; i < size; i += 2) {
    const words = threefry2x32(key[0], key[1], i >>> 1, 0);
    for (let j = 0; j < 2 && i + j < size; j++)
      mask[i + j] = (words[j] as number) / 2 ** 32 >= rate ? 1 / (1 - rate) : 0;
  }
  return mask;
}
