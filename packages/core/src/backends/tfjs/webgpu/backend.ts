/** The `webgpu` backend: gradients as fused programs over the fused forward ops. */
import type { AttentionOptions, VocabularyTargets } from '../../../ops/ops.ts';
import {
  checkCrossAttention,
  checkEmbedding,
  checkGather,
  checkGeglu,
  checkLinear,
  checkNorm,
  checkSelfAttention,
  checkVocabularyLoss,
  expectSame,
} from '../../../ops/shapes.ts';
import type { WeightGradients } from '../../../ops/trainable-ops.ts';
import { expectShape, type Shape, sizeOf, type Tensor } from '../../../tensor/tensor.ts';
import { attentionBackward } from './attention.ts';
import { gegluBackward } from './elementwise.ts';
import { WebgpuForward } from './forward.ts';
import type { Gpu } from './gpu.ts';
import { matMul } from './matmul.ts';
import { normBackward, normWeightBackward } from './norm.ts';
import { columnSums } from './partials.ts';
import { segmentSum } from './segment-sum.ts';
import { logitsGradient, rowStatistics } from './vocabulary-loss.ts';

export interface WebgpuOptions {
  /** Whether the gradient of the logits is stored in 16 bits; by default where the adapter computes with them. */
  readonly halves?: boolean;
  /** Whether sums go by subgroup operations; by default where the device's subgroups allow it. */
  readonly subgroups?: boolean;
  /** Logits alive at a time; 2²³ by default, 32 MB. */
  readonly chunkValues?: number;
}

export class WebgpuBackend extends WebgpuForward {
  readonly #halves: boolean;

  constructor(gpu: Gpu, { halves = gpu.halves, chunkValues = 1 << 23 }: WebgpuOptions = {}) {
    super(gpu);
    this.chunkValues = chunkValues;
    this.#halves = halves;
  }

  override embeddingBackward(dy: Tensor, ids: Int32Array, into: WeightGradients): void {
    if (!into.weight) return;
    const { V, C } = checkEmbedding(into.weight.shape, ids, dy.shape.slice(0, -1));
    expectShape('embeddingBackward', 'dy', dy.shape, [...dy.shape.slice(0, -1), C]);
    segmentSum(this.engine, this.gpu, this.info(dy), ids, V, C, this.info(into.weight));
  }

  override gatherRowsBackward(dy: Tensor, indices: Int32Array, xShape: Shape): Tensor {
    const { N, C } = checkGather(xShape, indices, dy.shape.slice(0, -1));
    return this.made(segmentSum(this.engine, this.gpu, this.info(dy), indices, N, C), xShape);
  }

  override linearBackward(dy: Tensor, x: Tensor, weight: Tensor, into: WeightGradients): Tensor {
    const { rows, I, O } = checkLinear(x.shape, weight.shape);
    expectShape('linearBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), O]);
    const d = this.info(dy);
    if (into.weight) {
      expectSame('linearBackward', weight, into.weight);
      const addTo = this.info(into.weight);
      matMul(this.gpu, { a: d, b: this.info(x), M: O, N: I, K: rows, transposeA: true, addTo });
    }
    if (into.bias) {
      expectShape('linearBackward', 'bias', into.bias.shape, [O]);
      columnSums(this.gpu, d, rows, O, this.info(into.bias));
    }
    return this.made(matMul(this.gpu, { a: d, b: this.info(weight), M: rows, N: I, K: O }), x.shape);
  }

  override layerNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
    return this.#normBackward('layerNormBackward', dy, x, weight, eps, true, into);
  }

  override rmsNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor {
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
    const given = { x: this.info(x), weight: this.info(weight), rows, C, eps, centred };
    const d = this.info(dy);
    if (into.weight) normWeightBackward(this.gpu, given, d, this.info(into.weight));
    if (into.bias) columnSums(this.gpu, d, rows, C, this.info(into.bias));
    return this.made(normBackward(this.gpu, given, d), x.shape);
  }

  override gegluBackward(dy: Tensor, x: Tensor): Tensor {
    const { rows, F } = checkGeglu(x.shape);
    expectShape('gegluBackward', 'dy', dy.shape, [...x.shape.slice(0, -1), F]);
    return this.made(gegluBackward(this.gpu, this.info(dy), this.info(x), rows, F), x.shape);
  }

  override selfAttentionBackward(dy: Tensor, qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    expectShape('selfAttentionBackward', 'dy', dy.shape, [shape.B, shape.Tq, shape.C]);
    const to = this.#room(qkv.shape);
    attentionBackward(this.gpu, shape, this.selfProjections(qkv, shape, options), this.info(dy), { q: to, kv: to });
    return this.made(to, qkv.shape);
  }

  override crossAttentionBackward(
    dy: Tensor,
    query: Tensor,
    keyValue: Tensor,
    options: AttentionOptions,
  ): { query: Tensor; keyValue: Tensor } {
    const shape = checkCrossAttention(query.shape, keyValue.shape, options);
    expectShape('crossAttentionBackward', 'dy', dy.shape, query.shape);
    const to = { q: this.#room(query.shape), kv: this.#room(keyValue.shape) };
    const from = this.crossProjections(query, keyValue, shape, options);
    attentionBackward(this.gpu, shape, from, this.info(dy), to);
    return { query: this.made(to.q, query.shape), keyValue: this.made(to.kv, keyValue.shape) };
  }

  /** Memory that a program will fill. */
  #room(shape: Shape) {
    return this.gpu.makeTensorInfo([sizeOf(shape)], 'float32');
  }

  override vocabularyLossWithGradient(
    hidden: Tensor,
    table: Tensor,
    bias: Tensor | undefined,
    targets: VocabularyTargets,
  ): { loss: Tensor; hidden: Tensor; table: Tensor; bias: Tensor | undefined } {
    const { C, V } = checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
    const { gpu, engine } = this;
    const loss = engine.zeros([]);
    const dHidden = this.#room(hidden.shape);
    const dTable = engine.zeros(table.shape);
    const dBias = bias && engine.zeros(bias.shape);
    const halves = this.#halves && V % 2 === 0 && !bias;
    this.forLogits(hidden, table, bias, (chunk) => {
      const { first, rows } = chunk;
      const given = this.chunkTargets(targets, chunk);
      const statistics = rowStatistics(gpu, chunk, given);
      this.addLoss(loss, statistics, rows);
      const gradient = logitsGradient(gpu, chunk, given, statistics, halves);
      gpu.disposeData(statistics.dataId);
      const product = { a: gradient, halfA: halves, factor: given.share };
      const writeTo = { tensor: dHidden, offset: first * C };
      matMul(gpu, { ...product, b: this.info(table), M: rows, N: C, K: V, writeTo });
      matMul(gpu, {
        ...product,
        b: this.info(hidden),
        offsetB: first * C,
        M: V,
        N: C,
        K: rows,
        transposeA: true,
        addTo: dTable,
      });
      if (dBias) columnSums(gpu, gradient, rows, V, dBias, given.share);
      if (halves) gpu.disposeData(gradient.dataId);
    });
    return {
      loss: this.handle(loss, []),
      hidden: this.made(dHidden, hidden.shape),
      table: this.handle(dTable, table.shape),
      bias: bias && dBias && this.handle(dBias, bias.shape),
    };
  }
}
