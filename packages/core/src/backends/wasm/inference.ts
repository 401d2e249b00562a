/** The forward ops on WebAssembly SIMD: kernels over an arena. All that the edge needs; `training.ts` adds the gradients. */
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
import { type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { PAGE_BYTES, WasmTensor } from './arena.ts';
import type { InferenceKernels } from './kernels.ts';
import { RotaryTables } from './rotary.ts';
import { binaryCrossEntropy, cosineLoss, meanSquaredError, softmaxCrossEntropy } from './small-losses.ts';
import { WasmTensors } from './tensors.ts';
import { topTargets, vocabularyLoss, vocabularyRank } from './vocabulary.ts';

export class WasmInference<K extends InferenceKernels = InferenceKernels> extends WasmTensors<K> implements Ops {
  readonly #rotary = new RotaryTables(this.arena);

  embedding(table: Tensor, ids: Int32Array, shape: Shape): Tensor {
    const { C } = checkEmbedding(table.shape, ids, shape);
    const from = this.own(table);
    const y = this.make([...shape, C]);
    const indices = this.integers(ids);
    if (from.dtype === 'int8') this.kernels.gatherRowsInt8(ids.length, C, from.at, from.scales, indices, y.at);
    else this.kernels.gatherRows(ids.length, C, from.at, indices, y.at);
    return y;
  }

  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const { rows, I, O } = checkLinear(x.shape, weight.shape, bias?.shape);
    const from = this.own(x);
    const y = this.make([...x.shape.slice(0, -1), O]);
    this.multiply(rows, I, from.at, this.own(weight), 0, O, y.at, O);
    if (bias) this.kernels.addRow(rows, O, this.own(bias).at, y.at);
    return y;
  }

  /** y (rows, count) = x · (rows `first` to `first + count` of a weight (O, I), float or int8)ᵀ. */
  multiply(
    rows: number,
    I: number,
    x: number,
    w: WasmTensor,
    first: number,
    count: number,
    y: number,
    ldy: number,
  ): void {
    if (w.dtype === 'int8') {
      const at = w.at + first * I;
      this.kernels.gemmInt8(rows, count, I, x, I, at, w.scales + 4 * first, y, ldy, 0, this.gemmScratch);
    } else this.kernels.gemm(0, 1, rows, count, I, x, I, w.at + 4 * first * I, I, y, ldy, 0, this.gemmScratch);
  }

  add(a: Tensor, b: Tensor): Tensor {
    expectSame('add', a, b);
    const y = this.make(a.shape);
    this.kernels.add(y.size, this.own(a).at, this.own(b).at, y.at);
    return y;
  }

  scale(x: Tensor, factor: number): Tensor {
    const y = this.make(x.shape);
    this.kernels.scale(y.size, factor, this.own(x).at, y.at);
    return y;
  }

  reshape(x: Tensor, shape: Shape): Tensor {
    const { at, size, scope, dtype, scales } = this.own(x);
    expectLength('reshape', 'the tensor', { length: size }, sizeOf(shape));
    return new WasmTensor(shape, dtype, at, scope, scales);
  }

  layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number): Tensor {
    const { rows, C } = checkNorm('layerNorm', x.shape, weight.shape, bias?.shape);
    const y = this.make(x.shape);
    const biasAt = bias ? this.own(bias).at : 0;
    this.kernels.layerNorm(rows, C, this.own(x).at, this.own(weight).at, biasAt, eps, y.at);
    return y;
  }

  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    const { rows, C } = checkNorm('rmsNorm', x.shape, weight.shape);
    const y = this.make(x.shape);
    this.kernels.rmsNorm(rows, C, this.own(x).at, this.own(weight).at, eps, y.at);
    return y;
  }

  gelu(x: Tensor): Tensor {
    const y = this.make(x.shape);
    this.kernels.gelu(y.size, this.own(x).at, y.at);
    return y;
  }

  geglu(x: Tensor): Tensor {
    const { rows, F } = checkGeglu(x.shape);
    const y = this.make([...x.shape.slice(0, -1), F]);
    this.kernels.geglu(rows, F, this.own(x).at, y.at);
    return y;
  }

  tanh(x: Tensor): Tensor {
    const y = this.make(x.shape);
    this.kernels.tanh(y.size, this.own(x).at, y.at);
    return y;
  }

  selfAttention(qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    const { C } = shape;
    const { at } = this.own(qkv);
    return this.#attention(shape, options, at, 3 * C, at + 4 * C, at + 8 * C, 3 * C);
  }

  crossAttention(query: Tensor, keyValue: Tensor, options: AttentionOptions): Tensor {
    const shape = checkCrossAttention(query.shape, keyValue.shape, options);
    const { C } = shape;
    const { at } = this.own(keyValue);
    return this.#attention(shape, options, this.own(query).at, C, at, at + 4 * C, 2 * C);
  }

  #attention(
    shape: AttentionShape,
    options: AttentionOptions,
    q: number,
    strideQ: number,
    k: number,
    v: number,
    strideKV: number,
  ): Tensor {
    const { B, Tq, Tk, H, D } = shape;
    const side = this.attentionSide(shape, options);
    const y = this.make([B, Tq, H * D]);
    const bytes = this.kernels.attentionScratchBytes(Tk, D) + this.kernels.gemmScratchBytes();
    this.arena.withScratch(bytes, (scratch) =>
      this.kernels.attention(B, Tq, Tk, H, D, q, strideQ, k, v, strideKV, ...side, y.at, scratch),
    );
    return y;
  }

  /** Offsets of query positions, key positions, rotary table and key lengths, as the kernels want them. */
  attentionSide(shape: AttentionShape, options: AttentionOptions): [number, number, number, number] {
    const { queryPositions, keyPositions, keyLengths, ropeTheta = 10_000 } = options;
    let table = 0;
    for (const positions of [queryPositions, keyPositions]) {
      if (positions) table = this.#rotary.at(shape.D, ropeTheta, positions);
    }
    const same = queryPositions === keyPositions;
    const queries = this.integers(queryPositions);
    return [queries, same ? queries : this.integers(keyPositions), table, this.integers(keyLengths)];
  }

  gatherRows(x: Tensor, indices: Int32Array, shape: Shape): Tensor {
    const { C } = checkGather(x.shape, indices, shape);
    const y = this.make([...shape, C]);
    this.kernels.gatherRows(indices.length, C, this.own(x).at, this.integers(indices), y.at);
    return y;
  }

  meanPool(x: Tensor, lengths: Int32Array): Tensor {
    const { B, T, C } = checkMeanPool(x.shape, lengths);
    const y = this.make([B, C]);
    this.kernels.meanPool(B, T, C, this.own(x).at, this.integers(lengths), y.at);
    return y;
  }

  dropout(x: Tensor, rate: number, key: readonly [number, number]): Tensor {
    checkDropout(rate);
    const y = this.make(x.shape);
    const threshold = Math.ceil(rate * 0x1_0000_0000);
    this.kernels.dropout(y.size, key[0], key[1], threshold, 1 / (1 - rate), this.own(x).at, y.at);
    return y;
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
    const { K } = checkTargets('softmaxCrossEntropy', logits.shape, targets);
    return this.tensor([softmaxCrossEntropy(this.values(logits), targets, K)], []);
  }

  binaryCrossEntropy(logits: Tensor, targets: Float32Array): Tensor {
    checkTargets('binaryCrossEntropy', logits.shape, targets);
    return this.tensor([binaryCrossEntropy(this.values(logits), targets)], []);
  }

  meanSquaredError(x: Tensor, target: Tensor): Tensor {
    expectSame('meanSquaredError', x, target);
    return this.tensor([meanSquaredError(this.values(x), this.values(target))], []);
  }

  cosineLoss(x: Tensor, target: Tensor): Tensor {
    expectSame('cosineLoss', x, target);
    return this.tensor([cosineLoss(this.values(x), this.values(target), x.shape[x.shape.length - 1] as number)], []);
  }
}

/** The forward backend over compiled kernels (any build), in a memory of its own of at most `maxBytes`. */
export function createWasmInference(module: WebAssembly.Module, maxBytes?: number): WasmInference {
  return new WasmInference(module, maxBytes === undefined ? undefined : Math.ceil(maxBytes / PAGE_BYTES));
}
