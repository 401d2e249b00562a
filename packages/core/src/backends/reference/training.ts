/** The specification of every vector-Jacobian product and of the optimizer, in plain loops over float64. */
import type { AttentionOptions, VocabularyTargets } from '../../ops/ops.ts';
import {
  checkCrossAttention,
  checkDropout,
  checkEmbedding,
  checkGather,
  checkGeglu,
  checkLinear,
  checkMeanPool,
  checkSelfAttention,
  checkTargets,
  checkVocabularyLoss,
  expectSame,
} from '../../ops/shapes.ts';
import type { TrainableOps, WeightGradients } from '../../ops/trainable-ops.ts';
import { expectShape, type Shape, type Tensor, widthOf } from '../../tensor/tensor.ts';
import { attentionBackward } from './attention.ts';
import { ReferenceGroups } from './groups.ts';
import { average, cosine, normalCdf, normalDensity, normalised, softmax } from './math.ts';
import { rowLogits, rowLoss } from './vocabulary.ts';

const geluSlope = (x: number) => normalCdf(x) + x * normalDensity(x);

export class ReferenceBackend extends ReferenceGroups implements TrainableOps {
  embeddingBackward(dy: Tensor, ids: Int32Array, into: WeightGradients): void {
    if (!into.weight) return;
    const { C } = checkEmbedding(into.weight.shape, ids, dy.shape.slice(0, -1));
    const [d, weight] = [this.values(dy), this.values(into.weight)];
    ids.forEach((id, i) => {
      addTo(weight, id * C, d.subarray(i * C, (i + 1) * C));
    });
  }

  linearBackward(dy: Tensor, x: Tensor, weight: Tensor, into: WeightGradients): Tensor {
    const { rows, I, O } = checkLinear(x.shape, weight.shape);
    expectShape('linearBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), O]);
    const [d, input, w] = [this.values(dy), this.values(x), this.values(weight)];
    const dw = into.weight && this.values(into.weight);
    const db = into.bias && this.values(into.bias);
    const dx = this.make(x.shape);
    for (let r = 0; r < rows; r++) {
      for (let o = 0; o < O; o++) {
        const g = d[r * O + o] as number;
        addTo(dx.data, r * I, w.subarray(o * I, (o + 1) * I), g);
        if (dw) addTo(dw, o * I, input.subarray(r * I, (r + 1) * I), g);
        if (db) addTo(db, o, [g]);
      }
    }
    return dx;
  }

  layerNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
    return this.#normBackward(dy, x, weight, into, true, eps);
  }

  rmsNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
    return this.#normBackward(dy, x, weight, into, false, eps);
  }

  #normBackward(dy: Tensor, x: Tensor, weight: Tensor, into: WeightGradients, centred: boolean, eps: number): Tensor {
    expectSame('normBackward', x, dy);
    const C = widthOf(x.shape);
    expectShape('normBackward', 'weight', weight.shape, [C]);
    const [d, data, w] = [this.values(dy), this.values(x), this.values(weight)];
    const dx = this.make(x.shape);
    for (let at = 0; at < data.length; at += C) {
      const dRow = d.subarray(at, at + C);
      const { row: normed, deviation } = normalised(data.subarray(at, at + C), eps, centred);
      const g = dRow.map((v, i) => v * (w[i] as number));
      const shift = centred ? average(g) : 0;
      const along = average(g.map((v, i) => v * (normed[i] as number)));
      g.forEach((v, i) => {
        dx.data[at + i] = (v - shift - (normed[i] as number) * along) / deviation;
      });
      if (into.weight)
        addTo(
          this.values(into.weight),
          0,
          dRow.map((v, i) => v * (normed[i] as number)),
        );
      if (into.bias) addTo(this.values(into.bias), 0, dRow);
    }
    return dx;
  }

  geluBackward(dy: Tensor, x: Tensor): Tensor {
    expectSame('geluBackward', x, dy);
    const d = this.values(dy);
    return this.map(x, (v, i) => (d[i] as number) * geluSlope(v));
  }

  gegluBackward(dy: Tensor, x: Tensor): Tensor {
    const { rows, F } = checkGeglu(x.shape);
    expectShape('gegluBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), F]);
    const [d, data] = [this.values(dy), this.values(x)];
    const dx = this.make(x.shape);
    for (let i = 0; i < rows * F; i++) {
      const at = Math.floor(i / F) * 2 * F + (i % F);
      const a = data[at] as number;
      dx.data[at] = (d[i] as number) * (data[at + F] as number) * geluSlope(a);
      dx.data[at + F] = (d[i] as number) * a * normalCdf(a);
    }
    return dx;
  }

  tanhBackward(dy: Tensor, x: Tensor): Tensor {
    expectSame('tanhBackward', x, dy);
    const d = this.values(dy);
    return this.map(x, (v, i) => (d[i] as number) * (1 - Math.tanh(v) ** 2));
  }

  selfAttentionBackward(dy: Tensor, qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    const { B, Tq, C } = shape;
    expectShape('selfAttentionBackward', 'dy', dy.shape, [B, Tq, C]);
    const data = this.values(qkv);
    const dqkv = this.make(qkv.shape);
    const from = { q: data, strideQ: 3 * C, kv: data, strideKV: 3 * C, keyAt: C, valueAt: 2 * C };
    attentionBackward(shape, options, from, this.values(dy), dqkv.data, dqkv.data);
    return dqkv;
  }

  crossAttentionBackward(
    dy: Tensor,
    query: Tensor,
    keyValue: Tensor,
    options: AttentionOptions,
  ): { query: Tensor; keyValue: Tensor } {
    const shape = checkCrossAttention(query.shape, keyValue.shape, options);
    const { C } = shape;
    expectShape('crossAttentionBackward', 'dy', dy.shape, query.shape);
    const [dq, dkv] = [this.make(query.shape), this.make(keyValue.shape)];
    const kv = this.values(keyValue);
    const from = { q: this.values(query), strideQ: C, kv, strideKV: 2 * C, keyAt: 0, valueAt: C };
    attentionBackward(shape, options, from, this.values(dy), dq.data, dkv.data);
    return { query: dq, keyValue: dkv };
  }

  gatherRowsBackward(dy: Tensor, indices: Int32Array, xShape: Shape): Tensor {
    const { C } = checkGather(xShape, indices, dy.shape.slice(0, -1));
    const d = this.values(dy);
    const dx = this.make(xShape);
    indices.forEach((row, i) => {
      if (row >= 0) addTo(dx.data, row * C, d.subarray(i * C, (i + 1) * C));
    });
    return dx;
  }

  meanPoolBackward(dy: Tensor, lengths: Int32Array, xShape: Shape): Tensor {
    const { B, T, C } = checkMeanPool(xShape, lengths);
    expectShape('meanPoolBackward', 'dy', dy.shape, [B, C]);
    const d = this.values(dy);
    const dx = this.make(xShape);
    lengths.forEach((length, b) => {
      for (let t = 0; t < length; t++) addTo(dx.data, (b * T + t) * C, d.subarray(b * C, (b + 1) * C), 1 / length);
    });
    return dx;
  }

  dropoutBackward(dy: Tensor, rate: number, key: readonly [number, number]): Tensor {
    checkDropout(rate);
    return this.dropout(dy, rate, key);
  }

  vocabularyLossWithGradient(
    hidden: Tensor,
    table: Tensor,
    bias: Tensor | undefined,
    targets: VocabularyTargets,
  ): { loss: Tensor; hidden: Tensor; table: Tensor; bias: Tensor | undefined } {
    const { C, V } = checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
    const [x, w, b] = [this.values(hidden), this.values(table), bias && this.values(bias)];
    const soft = this.softValues(targets);
    const [dx, dw, db] = [this.make(hidden.shape), this.make(table.shape), this.make([V])];
    const rows = Array.from(targets.labels.keys()).filter((row) => (targets.labels[row] as number) >= 0);
    let loss = 0;
    for (const row of rows) {
      const { loss: own, gradient } = rowLoss(rowLogits(x, row, w, b, C), row, targets, soft);
      loss += own / rows.length;
      gradient.forEach((g, v) => {
        const share = g / rows.length;
        addTo(dx.data, row * C, w.subarray(v * C, (v + 1) * C), share);
        addTo(dw.data, v * C, x.subarray(row * C, (row + 1) * C), share);
        addTo(db.data, v, [share]);
      });
    }
    return { loss: this.tensor([loss], []), hidden: dx, table: dw, bias: bias && db };
  }

  softmaxCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor {
    const { N, K } = checkTargets('softmaxCrossEntropyBackward', logits.shape, targets);
    const factor = this.#scalar(dy) / N;
    const data = this.values(logits);
    const dx = this.make(logits.shape);
    for (let at = 0; at < data.length; at += K) {
      const target = targets.subarray(at, at + K);
      const mass = target.reduce((sum, t) => sum + t, 0);
      softmax(data.subarray(at, at + K)).probabilities.forEach((p, i) => {
        dx.data[at + i] = factor * (mass * p - (target[i] as number));
      });
    }
    return dx;
  }

  binaryCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor {
    checkTargets('binaryCrossEntropyBackward', logits.shape, targets);
    const factor = this.#scalar(dy) / targets.length;
    return this.map(logits, (x, i) => factor * (1 / (1 + Math.exp(-x)) - (targets[i] as number)));
  }

  meanSquaredErrorBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor {
    expectSame('meanSquaredErrorBackward', x, target);
    const t = this.values(target);
    const factor = (2 * this.#scalar(dy)) / t.length;
    return this.map(x, (v, i) => factor * (v - (t[i] as number)));
  }

  cosineLossBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor {
    expectSame('cosineLossBackward', x, target);
    const C = widthOf(x.shape);
    const [a, t] = [this.values(x), this.values(target)];
    const factor = this.#scalar(dy) / (a.length / C);
    const dx = this.make(x.shape);
    for (let at = 0; at < a.length; at += C) {
      const parts = cosine(a.subarray(at, at + C), t.subarray(at, at + C));
      for (let i = at; i < at + C; i++) {
        const along = (parts.cosine * (a[i] as number)) / parts.a;
        dx.data[i] = (factor * (along - (t[i] as number) / parts.b)) / parts.a;
      }
    }
    return dx;
  }

  #scalar(tensor: Tensor): number {
    return this.values(tensor)[0] as number;
  }
}

function addTo(into: Float64Array, at: number, x: ArrayLike<number>, factor = 1): void {
  for (let i = 0; i < x.length; i++) into[at + i] = (into[at + i] as number) + factor * (x[i] as number);
}

/** The reference backend. */
export function referenceBackend(): ReferenceBackend {
  return new ReferenceBackend();
}
