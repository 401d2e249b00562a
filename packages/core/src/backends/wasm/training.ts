/** The WASM backend for training: the forward ops, a vector-Jacobian product each, and the optimizer. */
import type { AttentionOptions, VocabularyTargets } from '../../ops/ops.ts';
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
  checkVocabularyLoss,
  expectSame,
} from '../../ops/shapes.ts';
import type { TrainableOps, WeightGradients } from '../../ops/trainable-ops.ts';
import { expectShape, type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { WasmTensor } from './arena.ts';
import { WasmGroups } from './groups.ts';
import {
  binaryCrossEntropyBackward,
  cosineLossBackward,
  meanSquaredErrorBackward,
  softmaxCrossEntropyBackward,
} from './small-losses-backward.ts';
import { forLogits, TargetArguments } from './vocabulary.ts';

export class WasmBackend extends WasmGroups implements TrainableOps {
  accumulate(into: Tensor, x: Tensor, factor: number | Tensor = 1): void {
    expectSame('accumulate', into, x);
    const by = typeof factor === 'number' ? factor : (this.values(factor)[0] as number);
    this.kernels.accumulate(sizeOf(x.shape), by, this.own(x).at, this.own(into).at);
  }

  embeddingBackward(dy: Tensor, ids: Int32Array, into: WeightGradients): void {
    if (!into.weight) return;
    const { C } = checkEmbedding(into.weight.shape, ids, dy.shape.slice(0, -1));
    expectShape('embeddingBackward', 'dy', dy.shape, [...dy.shape.slice(0, -1), C]);
    this.kernels.scatterAddRows(ids.length, C, this.own(dy).at, this.integers(ids), this.own(into.weight).at);
  }

  linearBackward(dy: Tensor, x: Tensor, weight: Tensor, into: WeightGradients): Tensor {
    const { rows, I, O } = checkLinear(x.shape, weight.shape);
    expectShape('linearBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), O]);
    const from = this.own(dy).at;
    const input = this.own(x).at;
    const dx = this.make(x.shape);
    const { gemm } = this.kernels;
    gemm(0, 0, rows, I, O, from, O, this.own(weight).at, I, dx.at, I, 0, this.gemmScratch);
    if (into.weight) {
      expectSame('linearBackward', weight, into.weight);
      gemm(1, 0, O, I, rows, from, O, input, I, this.own(into.weight).at, I, 1, this.gemmScratch);
    }
    if (into.bias) {
      expectShape('linearBackward', 'bias', into.bias.shape, [O]);
      this.kernels.columnSums(rows, O, from, this.own(into.bias).at);
    }
    return dx;
  }

  layerNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
    const { rows, C } = checkNorm('layerNormBackward', x.shape, weight.shape, into.bias?.shape);
    expectSame('layerNormBackward', x, dy);
    const dx = this.make(x.shape);
    const from = this.own(dy).at;
    const dWeight = into.weight ? this.own(into.weight).at : 0;
    this.kernels.layerNormBackward(rows, C, from, this.own(x).at, this.own(weight).at, eps, dx.at, dWeight);
    if (into.bias) this.kernels.columnSums(rows, C, from, this.own(into.bias).at);
    return dx;
  }

  rmsNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
    const { rows, C } = checkNorm('rmsNormBackward', x.shape, weight.shape);
    expectSame('rmsNormBackward', x, dy);
    const dx = this.make(x.shape);
    const dWeight = into.weight ? this.own(into.weight).at : 0;
    this.kernels.rmsNormBackward(rows, C, this.own(dy).at, this.own(x).at, this.own(weight).at, eps, dx.at, dWeight);
    return dx;
  }

  geluBackward(dy: Tensor, x: Tensor): Tensor {
    expectSame('geluBackward', x, dy);
    const dx = this.make(x.shape);
    this.kernels.geluBackward(dx.size, this.own(dy).at, this.own(x).at, dx.at);
    return dx;
  }

  gegluBackward(dy: Tensor, x: Tensor): Tensor {
    const { rows, F } = checkGeglu(x.shape);
    expectShape('gegluBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), F]);
    const dx = this.make(x.shape);
    this.kernels.gegluBackward(rows, F, this.own(dy).at, this.own(x).at, dx.at);
    return dx;
  }

  tanhBackward(dy: Tensor, x: Tensor): Tensor {
    expectSame('tanhBackward', x, dy);
    const dx = this.make(x.shape);
    this.kernels.tanhBackward(dx.size, this.own(dy).at, this.own(x).at, dx.at);
    return dx;
  }

  selfAttentionBackward(dy: Tensor, qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    const { C } = shape;
    const { at } = this.own(qkv);
    const dqkv = this.make(qkv.shape);
    const from = [at, 3 * C, at + 4 * C, at + 8 * C, 3 * C];
    this.#attentionBackward(dy, shape, options, from, [dqkv.at, dqkv.at + 4 * C, dqkv.at + 8 * C]);
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
    const { at } = this.own(keyValue);
    const dQuery = this.make(query.shape);
    const dKeyValue = this.make(keyValue.shape);
    const from = [this.own(query).at, C, at, at + 4 * C, 2 * C];
    this.#attentionBackward(dy, shape, options, from, [dQuery.at, dKeyValue.at, dKeyValue.at + 4 * C]);
    return { query: dQuery, keyValue: dKeyValue };
  }

  #attentionBackward(
    dy: Tensor,
    shape: AttentionShape,
    options: AttentionOptions,
    from: readonly number[],
    to: readonly number[],
  ): void {
    const { B, Tq, Tk, C, H, D } = shape;
    expectShape('attentionBackward', 'dy', dy.shape, [B, Tq, C]);
    const side = this.attentionSide(shape, options);
    const bytes = this.kernels.attentionBackwardScratchBytes(Tk, D) + this.kernels.gemmScratchBytes();
    this.arena.withScratch(bytes, (scratch) =>
      this.kernels.attentionBackward(B, Tq, Tk, H, D, this.own(dy).at, ...from, ...side, ...to, scratch),
    );
  }

  gatherRowsBackward(dy: Tensor, indices: Int32Array, xShape: Shape): Tensor {
    const { C } = checkGather(xShape, indices, dy.shape.slice(0, -1));
    const dx = this.#zeros(xShape);
    this.kernels.scatterAddRows(indices.length, C, this.own(dy).at, this.integers(indices), dx.at);
    return dx;
  }

  meanPoolBackward(dy: Tensor, lengths: Int32Array, xShape: Shape): Tensor {
    const { B, T, C } = checkMeanPool(xShape, lengths);
    expectShape('meanPoolBackward', 'dy', dy.shape, [B, C]);
    const dx = this.make(xShape);
    this.kernels.meanPoolBackward(B, T, C, this.own(dy).at, this.integers(lengths), dx.at);
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
    const { C, V, K } = checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
    const given = new TargetArguments(this, targets, K);
    const factor = given.count === 0 ? 0 : 1 / given.count;
    const x = this.own(hidden).at;
    const w = this.own(table).at;
    const dHidden = this.make(hidden.shape);
    const dTable = this.#zeros(table.shape);
    const dBias = bias ? this.#zeros(bias.shape) : undefined;
    const { gemm, vocabularyGradientRows, columnSums } = this.kernels;
    let sum = 0;
    forLogits(this, hidden, table, bias, (first, rows, logits, stride) => {
      sum += vocabularyGradientRows(rows, V, logits, stride, ...given.from(first), factor);
      const offset = 4 * first * C;
      gemm(0, 0, rows, C, V, logits, stride, w, C, dHidden.at + offset, C, 0, this.gemmScratch);
      gemm(1, 0, V, C, rows, logits, stride, x + offset, C, dTable.at, C, 1, this.gemmScratch);
      if (dBias) for (let r = 0; r < rows; r++) columnSums(1, V, logits + 4 * r * stride, dBias.at);
    });
    return { loss: this.tensor([sum * factor], []), hidden: dHidden, table: dTable, bias: dBias };
  }

  softmaxCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor {
    const { K } = checkTargets('softmaxCrossEntropyBackward', logits.shape, targets);
    const dx = this.make(logits.shape);
    softmaxCrossEntropyBackward(this.#scalar(dy), this.values(logits), targets, K, this.values(dx));
    return dx;
  }

  binaryCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor {
    checkTargets('binaryCrossEntropyBackward', logits.shape, targets);
    const dx = this.make(logits.shape);
    binaryCrossEntropyBackward(this.#scalar(dy), this.values(logits), targets, this.values(dx));
    return dx;
  }

  meanSquaredErrorBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor {
    expectSame('meanSquaredErrorBackward', x, target);
    const dx = this.make(x.shape);
    meanSquaredErrorBackward(this.#scalar(dy), this.values(x), this.values(target), this.values(dx));
    return dx;
  }

  cosineLossBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor {
    expectSame('cosineLossBackward', x, target);
    const dx = this.make(x.shape);
    const C = x.shape[x.shape.length - 1] as number;
    cosineLossBackward(this.#scalar(dy), this.values(x), this.values(target), C, this.values(dx));
    return dx;
  }

  #scalar(tensor: Tensor): number {
    return this.values(tensor)[0] as number;
  }

  #zeros(shape: Shape): WasmTensor {
    const tensor = this.make(shape);
    this.values(tensor).fill(0);
    return tensor;
  }
}

/** The training backend over compiled kernels, `simd` or `relaxed`. */
export function createWasmBackend(module: WebAssembly.Module): WasmBackend {
  return new WasmBackend(module);
}
