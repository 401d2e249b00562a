/** The specification: every forward op in plain loops over float64. Slow, and meant to be read. */
import type { AttentionOptions, Ops, SoftTargets, VocabularyTargets } from '../../ops/ops.ts';
import {
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
  checkTemperature,
  checkVocabulary,
  checkVocabularyLoss,
  expectLength,
  expectSame,
} from '../../ops/shapes.ts';
import { threefry2x32 } from '../../random/random.ts';
import { type Shape, sizeOf, type Tensor, widthOf } from '../../tensor/tensor.ts';
import { attention } from './attention.ts';
import { cosine, normalCdf, normalised, softmax } from './math.ts';
import { ReferenceTensors } from './tensors.ts';
import { rowLogits, rowLoss, rowRank, rowTop, type SoftValues } from './vocabulary.ts';

export class ReferenceInference extends ReferenceTensors implements Ops {
  embedding(table: Tensor, ids: Int32Array, shape: Shape): Tensor {
    const { C } = checkEmbedding(table.shape, ids, shape);
    const rows = this.values(table);
    const data = new Float64Array(ids.length * C);
    ids.forEach((id, i) => {
      data.set(rows.subarray(id * C, (id + 1) * C), i * C);
    });
    return this.make([...shape, C], data);
  }

  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const { rows, I, O } = checkLinear(x.shape, weight.shape, bias?.shape);
    const [input, w] = [this.values(x), this.values(weight)];
    const b = bias && this.values(bias);
    const y = this.make([...x.shape.slice(0, -1), O]);
    for (let r = 0; r < rows; r++) {
      for (let o = 0; o < O; o++) {
        let sum = b?.[o] ?? 0;
        for (let i = 0; i < I; i++) sum += (input[r * I + i] as number) * (w[o * I + i] as number);
        y.data[r * O + o] = sum;
      }
    }
    return y;
  }

  add(a: Tensor, b: Tensor): Tensor {
    expectSame('add', a, b);
    const other = this.values(b);
    return this.map(a, (x, i) => x + (other[i] as number));
  }

  scale(x: Tensor, factor: number): Tensor {
    return this.map(x, (value) => value * factor);
  }

  reshape(x: Tensor, shape: Shape): Tensor {
    const data = this.values(x);
    expectLength('reshape', 'the tensor', data, sizeOf(shape));
    return this.make(shape, data, x.dtype);
  }

  layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number): Tensor {
    checkNorm('layerNorm', x.shape, weight.shape, bias?.shape);
    return this.#norm(x, weight, bias, eps, true);
  }

  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    checkNorm('rmsNorm', x.shape, weight.shape);
    return this.#norm(x, weight, undefined, eps, false);
  }

  #norm(x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number, centred: boolean): Tensor {
    const C = widthOf(x.shape);
    const [data, w] = [this.values(x), this.values(weight)];
    const b = bias && this.values(bias);
    const y = this.make(x.shape);
    for (let at = 0; at < data.length; at += C) {
      normalised(data.subarray(at, at + C), eps, centred).row.forEach((v, i) => {
        y.data[at + i] = v * (w[i] as number) + (b?.[i] ?? 0);
      });
    }
    return y;
  }

  gelu(x: Tensor): Tensor {
    return this.map(x, (v) => v * normalCdf(v));
  }

  geglu(x: Tensor): Tensor {
    const { rows, F } = checkGeglu(x.shape);
    const data = this.values(x);
    const y = this.make([...x.shape.slice(0, -1), F]);
    for (let i = 0; i < rows * F; i++) {
      const at = Math.floor(i / F) * 2 * F + (i % F);
      const a = data[at] as number;
      y.data[i] = a * normalCdf(a) * (data[at + F] as number);
    }
    return y;
  }

  tanh(x: Tensor): Tensor {
    return this.map(x, Math.tanh);
  }

  selfAttention(qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    const { B, Tq, C } = shape;
    const data = this.values(qkv);
    const y = this.make([B, Tq, C]);
    const from = { q: data, strideQ: 3 * C, kv: data, strideKV: 3 * C, keyAt: C, valueAt: 2 * C };
    attention(shape, options, from, y.data);
    return y;
  }

  crossAttention(query: Tensor, keyValue: Tensor, options: AttentionOptions): Tensor {
    const shape = checkCrossAttention(query.shape, keyValue.shape, options);
    const { B, Tq, C } = shape;
    const y = this.make([B, Tq, C]);
    const kv = this.values(keyValue);
    const from = { q: this.values(query), strideQ: C, kv, strideKV: 2 * C, keyAt: 0, valueAt: C };
    attention(shape, options, from, y.data);
    return y;
  }

  gatherRows(x: Tensor, indices: Int32Array, shape: Shape): Tensor {
    const { C } = checkGather(x.shape, indices, shape);
    const rows = this.values(x);
    const data = new Float64Array(indices.length * C);
    indices.forEach((row, i) => {
      if (row >= 0) data.set(rows.subarray(row * C, (row + 1) * C), i * C);
    });
    return this.make([...shape, C], data);
  }

  meanPool(x: Tensor, lengths: Int32Array): Tensor {
    const { B, T, C } = checkMeanPool(x.shape, lengths);
    const data = this.values(x);
    const y = this.make([B, C]);
    for (let i = 0; i < B * C; i++) {
      const [b, c] = [Math.floor(i / C), i % C];
      const length = lengths[b] as number;
      let sum = 0;
      for (let t = 0; t < length; t++) sum += data[(b * T + t) * C + c] as number;
      y.data[i] = sum / length;
    }
    return y;
  }

  dropout(x: Tensor, rate: number, key: readonly [number, number]): Tensor {
    checkDropout(rate);
    return this.map(x, (value, i) => {
      const word = threefry2x32(key[0], key[1], i >>> 1, 0)[i & 1] as number;
      return word / 0x1_0000_0000 >= rate ? value / (1 - rate) : 0;
    });
  }

  vocabularyLoss(hidden: Tensor, table: Tensor, bias: Tensor | undefined, targets: VocabularyTargets): Tensor {
    const { N, C } = checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
    const [x, w, b] = [this.values(hidden), this.values(table), bias && this.values(bias)];
    const soft = this.softValues(targets);
    let [loss, count] = [0, 0];
    for (let row = 0; row < N; row++) {
      if ((targets.labels[row] as number) < 0) continue;
      loss += rowLoss(rowLogits(x, row, w, b, C), row, targets, soft).loss;
      count++;
    }
    return this.tensor([count === 0 ? 0 : loss / count], []);
  }

  softValues({ soft }: VocabularyTargets): SoftValues | undefined {
    if (!soft) return undefined;
    const { indices, probabilities } = soft.targets;
    return { K: widthOf(indices.shape), indices: this.values(indices), probabilities: this.values(probabilities) };
  }

  vocabularyRank(hidden: Tensor, table: Tensor, bias: Tensor | undefined, labels: Int32Array): Tensor {
    const { N, C } = checkVocabulary('vocabularyRank', hidden.shape, table.shape, bias?.shape, labels);
    const [x, w, b] = [this.values(hidden), this.values(table), bias && this.values(bias)];
    const ranks = Array.from(labels).flatMap((label, row) => rowRank(rowLogits(x, row, w, b, C), label));
    return this.tensor(ranks, [N, 2]);
  }

  topTargets(hidden: Tensor, table: Tensor, bias: Tensor | undefined, k: number, temperature: number): SoftTargets {
    const { N, C, V } = checkVocabulary('topTargets', hidden.shape, table.shape, bias?.shape);
    checkTemperature('topTargets', temperature);
    const K = Math.min(k, V);
    const [x, w, b] = [this.values(hidden), this.values(table), bias && this.values(bias)];
    const rows = Array.from({ length: N }, (_, row) => rowTop(rowLogits(x, row, w, b, C), K, temperature));
    const indices = Float64Array.from(rows.flatMap((row) => row.indices));
    const probabilities = Float64Array.from(rows.flatMap((row) => row.targets));
    return {
      indices: this.make([N, K], indices, 'int32'),
      probabilities: this.make([N, K + 1], probabilities),
      temperature,
    };
  }

  softmaxCrossEntropy(logits: Tensor, targets: Float32Array): Tensor {
    const { N, K } = checkTargets('softmaxCrossEntropy', logits.shape, targets);
    const data = this.values(logits);
    let loss = 0;
    for (let at = 0; at < data.length; at += K) {
      const row = data.subarray(at, at + K);
      const { lse } = softmax(row);
      row.forEach((x, i) => {
        loss += (targets[at + i] as number) * (lse - x);
      });
    }
    return this.tensor([loss / N], []);
  }

  binaryCrossEntropy(logits: Tensor, targets: Float32Array): Tensor {
    checkTargets('binaryCrossEntropy', logits.shape, targets);
    const data = this.values(logits);
    const loss = data.reduce(
      (sum, x, i) => sum + Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - (targets[i] as number) * x,
      0,
    );
    return this.tensor([loss / data.length], []);
  }

  meanSquaredError(x: Tensor, target: Tensor): Tensor {
    expectSame('meanSquaredError', x, target);
    const [a, b] = [this.values(x), this.values(target)];
    return this.tensor([a.reduce((sum, v, i) => sum + (v - (b[i] as number)) ** 2, 0) / a.length], []);
  }

  cosineLoss(x: Tensor, target: Tensor): Tensor {
    expectSame('cosineLoss', x, target);
    const C = widthOf(x.shape);
    const [a, b] = [this.values(x), this.values(target)];
    let loss = 0;
    for (let at = 0; at < a.length; at += C) loss += 1 - cosine(a.subarray(at, at + C), b.subarray(at, at + C)).cosine;
    return this.tensor([loss / (a.length / C)], []);
  }
}
