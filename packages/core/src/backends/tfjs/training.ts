/** Every vector-Jacobian product composed of kernels. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { AttentionOptions, VocabularyTargets } from '../../ops/ops.ts';
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
  checkVocabularyLoss,
  expectSame,
} from '../../ops/shapes.ts';
import type { TrainableOps, WeightGradients } from '../../ops/trainable-ops.ts';
import { expectShape, type Shape, sizeOf, type Tensor, widthOf } from '../../tensor/tensor.ts';
import type { Arithmetic } from './arithmetic.ts';
import { attentionBackward } from './attention.ts';
import { TfjsGroups } from './groups.ts';
import { cosines, halves, meanWeights, normalCdf, normalised, thirds } from './inference.ts';
import { vocabularyLossWithGradient } from './vocabulary-backward.ts';

export class TfjsBackend extends TfjsGroups implements TrainableOps {
  embeddingBackward(dy: Tensor, ids: Int32Array, into: WeightGradients): void {
    if (!into.weight) return;
    const { V, C } = checkEmbedding(into.weight.shape, ids, dy.shape.slice(0, -1));
    expectShape('embeddingBackward', 'dy', dy.shape, [...dy.shape.slice(0, -1), C]);
    this.addInto(into.weight, (tf) => this.#scatter(tf, this.info(dy), ids, V, C));
  }

  linearBackward(dy: Tensor, x: Tensor, weight: Tensor, into: WeightGradients): Tensor {
    const { rows, I, O } = checkLinear(x.shape, weight.shape);
    expectShape('linearBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), O]);
    const [w, d2] = [this.info(weight), (tf: Arithmetic) => tf.reshape(this.info(dy), [rows, O])];
    if (into.weight) {
      expectSame('linearBackward', weight, into.weight);
      this.addInto(into.weight, (tf) => tf.matMul(d2(tf), tf.reshape(this.info(x), [rows, I]), true));
    }
    if (into.bias) {
      expectShape('linearBackward', 'bias', into.bias.shape, [O]);
      this.addInto(into.bias, (tf) => tf.sum(d2(tf), 0, false));
    }
    return this.compute(x.shape, (tf) => tf.reshape(tf.matMul(d2(tf), w), x.shape));
  }

  layerNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
    return this.#normBackward('layerNormBackward', dy, x, weight, eps, true, into);
  }

  rmsNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
    return this.#normBackward('rmsNormBackward', dy, x, weight, eps, false, into);
  }

  #normBackward(
    where: string,
    dy: Tensor,
    x: Tensor,
    weight: Tensor,
    eps: number,
    centred: boolean,
    into: WeightGradients,
  ): Tensor {
    const { rows, C } = checkNorm(where, x.shape, weight.shape, into.bias?.shape);
    expectSame(where, x, dy);
    const d2 = (tf: Arithmetic) => tf.reshape(this.info(dy), [rows, C]);
    const normed = (tf: Arithmetic) => normalised(tf, tf.reshape(this.info(x), [rows, C]), eps, centred);
    if (into.weight) this.addInto(into.weight, (tf) => tf.sum(tf.mul(d2(tf), normed(tf).row), 0, false));
    if (into.bias) this.addInto(into.bias, (tf) => tf.sum(d2(tf), 0, false));
    return this.compute(x.shape, (tf) => {
      const { row, inverse } = normed(tf);
      const g = tf.mul(d2(tf), this.info(weight));
      const level = centred ? tf.sub(g, tf.mean(g, 1)) : g;
      const along = tf.mul(row, tf.mean(tf.mul(g, row), 1));
      return tf.reshape(tf.mul(tf.sub(level, along), inverse), x.shape);
    });
  }

  geluBackward(dy: Tensor, x: Tensor): Tensor {
    expectSame('geluBackward', x, dy);
    return this.compute(x.shape, (tf) => tf.mul(this.info(dy), geluSlope(tf, this.info(x))));
  }

  gegluBackward(dy: Tensor, x: Tensor): Tensor {
    const { F } = checkGeglu(x.shape);
    expectShape('gegluBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), F]);
    const [d, input] = [this.info(dy), this.info(x)];
    return this.compute(x.shape, (tf) => {
      const [gate, up] = [tf.columns(input, 0, F), tf.columns(input, F, F)];
      const dGate = tf.mul(tf.mul(d, up), geluSlope(tf, gate));
      return tf.concat([dGate, tf.mul(tf.mul(d, gate), normalCdf(tf, gate))], x.shape.length - 1);
    });
  }

  tanhBackward(dy: Tensor, x: Tensor): Tensor {
    expectSame('tanhBackward', x, dy);
    return this.compute(x.shape, (tf) => tf.mul(this.info(dy), tf.sub(1, tf.square(tf.tanh(this.info(x))))));
  }

  selfAttentionBackward(dy: Tensor, qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    expectShape('selfAttentionBackward', 'dy', dy.shape, [shape.B, shape.Tq, shape.C]);
    const tables = this.attentionTables(shape, options);
    return this.compute(qkv.shape, (tf) => {
      const input = { ...thirds(tf, this.info(qkv), shape.C), ...tables };
      const { query, key, value } = attentionBackward(tf, shape, input, this.info(dy));
      return tf.concat([query, key, value], 2);
    });
  }

  crossAttentionBackward(
    dy: Tensor,
    query: Tensor,
    keyValue: Tensor,
    options: AttentionOptions,
  ): { query: Tensor; keyValue: Tensor } {
    const shape = checkCrossAttention(query.shape, keyValue.shape, options);
    expectShape('crossAttentionBackward', 'dy', dy.shape, query.shape);
    const tables = this.attentionTables(shape, options);
    const [dQuery, dKeyValue] = this.engine.tidy(() => {
      const { tf } = this;
      const input = { query: this.info(query), ...halves(tf, this.info(keyValue), shape.C), ...tables };
      const gradients = attentionBackward(tf, shape, input, this.info(dy));
      return [gradients.query, tf.concat([gradients.key, gradients.value], 2)] as const;
    });
    return { query: this.handle(dQuery, query.shape), keyValue: this.handle(dKeyValue, keyValue.shape) };
  }

  gatherRowsBackward(dy: Tensor, indices: Int32Array, xShape: Shape): Tensor {
    const { N, C } = checkGather(xShape, indices, dy.shape.slice(0, -1));
    return this.compute(xShape, (tf) => {
      // What came from nowhere goes into a row of its own, which is left out.
      const segments = indices.map((row) => (row < 0 ? N : row));
      const sums = this.#scatter(tf, this.info(dy), segments, N + 1, C);
      return tf.reshape(tf.slice(sums, [0, 0], [N, C]), xShape);
    });
  }

  #scatter(tf: Arithmetic, dy: TensorInfo, segments: Int32Array, count: number, C: number): TensorInfo {
    const n = segments.length;
    return tf.segmentSum(tf.reshape(dy, [n, C]), this.engine.integer(segments, [n]), count);
  }

  meanPoolBackward(dy: Tensor, lengths: Int32Array, xShape: Shape): Tensor {
    const { B, T, C } = checkMeanPool(xShape, lengths);
    expectShape('meanPoolBackward', 'dy', dy.shape, [B, C]);
    return this.compute(xShape, (tf) =>
      tf.mul(tf.reshape(this.info(dy), [B, 1, C]), this.engine.float(meanWeights(lengths, T), [B, T, 1])),
    );
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
    checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
    return vocabularyLossWithGradient(this, hidden, table, bias, targets);
  }

  softmaxCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor {
    const { N, K } = checkTargets('softmaxCrossEntropyBackward', logits.shape, targets);
    return this.compute(logits.shape, (tf) => {
      const t = this.engine.float(targets, [N, K]);
      const p = tf.mul(tf.softmax(this.info(logits)), tf.sum(t, 1));
      return tf.mul(tf.mul(tf.sub(p, t), this.info(dy)), 1 / N);
    });
  }

  binaryCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor {
    checkTargets('binaryCrossEntropyBackward', logits.shape, targets);
    return this.compute(logits.shape, (tf) => {
      const p = tf.div(1, tf.add(tf.exp(tf.mul(this.info(logits), -1)), 1));
      const off = tf.sub(p, this.engine.float(targets, logits.shape));
      return tf.mul(tf.mul(off, this.info(dy)), 1 / targets.length);
    });
  }

  meanSquaredErrorBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor {
    expectSame('meanSquaredErrorBackward', x, target);
    return this.compute(x.shape, (tf) =>
      tf.mul(tf.mul(tf.sub(this.info(x), this.info(target)), this.info(dy)), 2 / sizeOf(x.shape)),
    );
  }

  cosineLossBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor {
    expectSame('cosineLossBackward', x, target);
    const C = widthOf(x.shape);
    const rows = sizeOf(x.shape) / C;
    return this.compute(x.shape, (tf) => {
      const [a, t] = [tf.reshape(this.info(x), [rows, C]), tf.reshape(this.info(target), [rows, C])];
      const { cosine, lengthX, lengthT } = cosines(tf, a, t);
      const along = tf.sub(tf.mul(a, tf.div(cosine, lengthX)), tf.div(t, lengthT));
      return tf.reshape(tf.mul(tf.mul(tf.div(along, lengthX), this.info(dy)), 1 / rows), x.shape);
    });
  }
}

/** d/dx x·Φ(x) = Φ(x) + x·φ(x). */
function geluSlope(tf: Arithmetic, x: TensorInfo): TensorInfo {
  const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return tf.add(normalCdf(tf, x), tf.mul(x, density));
}
