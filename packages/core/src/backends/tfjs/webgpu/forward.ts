/** The forward ops as fused programs. What is not here is composed of TensorFlow.js's kernels. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { AttentionOptions, SoftTargets, VocabularyTargets } from '../../../ops/ops.ts';
import {
  type AttentionShape,
  checkCrossAttention,
  checkDropout,
  checkEmbedding,
  checkGather,
  checkGeglu,
  checkLinear,
  checkNorm,
  checkSelfAttention,
  checkTemperature,
  checkVocabulary,
  checkVocabularyLoss,
} from '../../../ops/shapes.ts';
import { type Shape, sizeOf, type Tensor } from '../../../tensor/tensor.ts';
import { rotaryValues } from '../rotary.ts';
import { attention, type Projections } from './attention.ts';
import { accumulate, dropout, geglu, scale } from './elementwise.ts';
import { WebgpuGroups } from './groups.ts';
import type { Logits } from './logits.ts';
import { matMul } from './matmul.ts';
import { norm } from './norm.ts';
import { lastColumnSum } from './partials.ts';
import { gatherRows } from './segment-sum.ts';
import { type ChunkTargets, rowStatistics } from './vocabulary-loss.ts';
import { ranks, topIndices, topProbabilities } from './vocabulary-ranks.ts';

/** Rows from `first` on and their logits. */
export interface LogitsChunk extends Logits {
  readonly first: number;
}

export class WebgpuForward extends WebgpuGroups {
  /** Logits alive at a time. */
  protected chunkValues = 0;
  /** Positions as tables on the GPU, which the layers of a step share. */
  #turns = new Map<Int32Array, TensorInfo>();

  /** A program's result as a tensor of the running scope. */
  protected made(info: TensorInfo, shape: Shape): Tensor {
    return this.handle(this.engine.adopt({ ...info, shape: [...shape] }), shape);
  }

  override embedding(table: Tensor, ids: Int32Array, shape: Shape): Tensor {
    const { C } = checkEmbedding(table.shape, ids, shape);
    return this.made(gatherRows(this.engine, this.gpu, this.info(table), ids, C), [...shape, C]);
  }

  override gatherRows(x: Tensor, indices: Int32Array, shape: Shape): Tensor {
    const { C } = checkGather(x.shape, indices, shape);
    return this.made(gatherRows(this.engine, this.gpu, this.info(x), indices, C), [...shape, C]);
  }

  override linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const { rows: M, I: K, O: N } = checkLinear(x.shape, weight.shape, bias?.shape);
    const [a, b] = [this.info(x), this.info(weight)];
    const y = matMul(this.gpu, { a, b, M, N, K, transposeB: true, bias: bias && this.info(bias) });
    return this.made(y, [...x.shape.slice(0, -1), N]);
  }

  override scale(x: Tensor, factor: number): Tensor {
    return this.made(scale(this.gpu, this.info(x), sizeOf(x.shape), factor), x.shape);
  }

  override layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number): Tensor {
    const { rows, C } = checkNorm('layerNorm', x.shape, weight.shape, bias?.shape);
    const given = { x: this.info(x), weight: this.info(weight), rows, C, eps, centred: true };
    return this.made(norm(this.gpu, given, bias && this.info(bias)), x.shape);
  }

  override rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    const { rows, C } = checkNorm('rmsNorm', x.shape, weight.shape);
    const given = { x: this.info(x), weight: this.info(weight), rows, C, eps, centred: false };
    return this.made(norm(this.gpu, given), x.shape);
  }

  override geglu(x: Tensor): Tensor {
    const { rows, F } = checkGeglu(x.shape);
    return this.made(geglu(this.gpu, this.info(x), rows, F), [...x.shape.slice(0, -1), F]);
  }

  override dropout(x: Tensor, rate: number, key: readonly [number, number]): Tensor {
    checkDropout(rate);
    return this.made(dropout(this.gpu, this.info(x), sizeOf(x.shape), rate, key), x.shape);
  }

  override selfAttention(qkv: Tensor, options: AttentionOptions): Tensor {
    const shape = checkSelfAttention(qkv.shape, options);
    return this.made(attention(this.gpu, shape, this.selfProjections(qkv, shape, options)), [
      shape.B,
      shape.Tq,
      shape.C,
    ]);
  }

  override crossAttention(query: Tensor, keyValue: Tensor, options: AttentionOptions): Tensor {
    const shape = checkCrossAttention(query.shape, keyValue.shape, options);
    return this.made(attention(this.gpu, shape, this.crossProjections(query, keyValue, shape, options)), query.shape);
  }

  protected selfProjections(qkv: Tensor, shape: AttentionShape, options: AttentionOptions): Projections {
    const { C } = shape;
    const q = this.info(qkv);
    return { q, strideQ: 3 * C, kv: q, strideKV: 3 * C, keyAt: C, valueAt: 2 * C, ...this.#side(shape, options) };
  }

  protected crossProjections(
    query: Tensor,
    keyValue: Tensor,
    shape: AttentionShape,
    options: AttentionOptions,
  ): Projections {
    const { C } = shape;
    const [q, kv] = [this.info(query), this.info(keyValue)];
    return { q, strideQ: C, kv, strideKV: 2 * C, keyAt: 0, valueAt: C, ...this.#side(shape, options) };
  }

  #side({ B, D }: AttentionShape, options: AttentionOptions): Pick<Projections, 'tableQ' | 'tableK' | 'lengths'> {
    const { queryPositions, keyPositions, keyLengths, ropeTheta = 10_000 } = options;
    return {
      tableQ: queryPositions && this.#turn(queryPositions, D, ropeTheta),
      tableK: keyPositions && this.#turn(keyPositions, D, ropeTheta),
      lengths: keyLengths && this.engine.integer(keyLengths, [B]),
    };
  }

  /** (rows, D): cosines of a row's D/2 angles, then their sines. */
  #turn(positions: Int32Array, D: number, theta: number): TensorInfo {
    const known = this.#turns.get(positions);
    if (known?.shape[1] === D) return known;
    const half = D / 2;
    const { cos, sin } = rotaryValues(positions, D, theta);
    const table = cos.map((c, i) => (i % D < half ? c : (sin[i] as number)));
    const info = this.engine.float(table, [positions.length, D]);
    this.#turns.set(positions, info);
    return info;
  }

  protected override endScope(): void {
    this.#turns.clear();
    super.endScope();
  }

  /** Calls `each` with the logits of one chunk of rows after the other. */
  protected forLogits(
    hidden: Tensor,
    table: Tensor,
    bias: Tensor | undefined,
    each: (chunk: LogitsChunk) => void,
  ): void {
    const [N, C] = hidden.shape as [number, number];
    const V = table.shape[0] as number;
    const size = Math.max(1, Math.floor(this.chunkValues / V));
    const [a, b, add] = [this.info(hidden), this.info(table), bias && this.info(bias)];
    for (let first = 0; first < N; first += size) {
      const rows = Math.min(size, N - first);
      const product = { a, b, M: rows, N: V, K: C, offsetA: first * C, transposeB: true, bias: add };
      const logits = matMul(this.gpu, product);
      each({ first, rows, V, logits });
      this.gpu.disposeData(logits.dataId);
    }
  }

  protected chunkTargets(targets: VocabularyTargets, { first, rows }: LogitsChunk): ChunkTargets {
    const { labels, hardWeight = 1, zLoss = 0, soft } = targets;
    const count = labels.reduce((n, label) => (label >= 0 ? n + 1 : n), 0);
    return {
      labels: this.engine.integer(labels.subarray(first, first + rows), [rows]),
      hardWeight,
      zLoss,
      share: count === 0 ? 0 : 1 / count,
      soft: soft && {
        indices: this.info(soft.targets.indices),
        probabilities: this.info(soft.targets.probabilities),
        first,
        K: soft.targets.indices.shape[1] as number,
        temperature: soft.targets.temperature,
        weight: soft.weight,
      },
    };
  }

  /** Adds a chunk's part of the loss, the last column of its statistics. */
  protected addLoss(loss: TensorInfo, statistics: TensorInfo, rows: number): void {
    const part = lastColumnSum(this.gpu, statistics, rows, 4);
    accumulate(this.gpu, loss, part, 1, 1);
    this.gpu.disposeData(part.dataId);
  }

  override vocabularyLoss(hidden: Tensor, table: Tensor, bias: Tensor | undefined, targets: VocabularyTargets): Tensor {
    checkVocabularyLoss(hidden.shape, table.shape, bias?.shape, targets);
    const loss = this.engine.zeros([]);
    this.forLogits(hidden, table, bias, (chunk) => {
      const statistics = rowStatistics(this.gpu, chunk, this.chunkTargets(targets, chunk));
      this.addLoss(loss, statistics, chunk.rows);
      this.gpu.disposeData(statistics.dataId);
    });
    return this.handle(loss, []);
  }

  override vocabularyRank(hidden: Tensor, table: Tensor, bias: Tensor | undefined, labels: Int32Array): Tensor {
    const { N } = checkVocabulary('vocabularyRank', hidden.shape, table.shape, bias?.shape, labels);
    const rows = this.#concatRows(hidden, table, bias, (chunk) => [
      ranks(this.gpu, chunk, this.engine.integer(labels.subarray(chunk.first, chunk.first + chunk.rows), [chunk.rows])),
    ]);
    return this.handle(rows[0] as TensorInfo, [N, 2]);
  }

  override topTargets(
    hidden: Tensor,
    table: Tensor,
    bias: Tensor | undefined,
    k: number,
    temperature: number,
  ): SoftTargets {
    const { N, V } = checkVocabulary('topTargets', hidden.shape, table.shape, bias?.shape);
    checkTemperature('topTargets', temperature);
    const K = Math.min(k, V);
    const [indices, probabilities] = this.#concatRows(hidden, table, bias, (chunk) => {
      const top = topIndices(this.gpu, chunk, K);
      return [top, topProbabilities(this.gpu, chunk, top, K, temperature)];
    }) as [TensorInfo, TensorInfo];
    return {
      indices: this.handle(indices, [N, K], 'int32'),
      probabilities: this.handle(probabilities, [N, K + 1]),
      temperature,
    };
  }

  /** What `each` makes of every chunk, one after the other. */
  #concatRows(
    hidden: Tensor,
    table: Tensor,
    bias: Tensor | undefined,
    each: (chunk: LogitsChunk) => TensorInfo[],
  ): TensorInfo[] {
    return this.engine.tidy(() => {
      const chunks: TensorInfo[][] = [];
      this.forLogits(hidden, table, bias, (chunk) => {
        chunks.push(each(chunk).map((info) => this.engine.adopt(info)));
      });
      return (chunks[0] ?? []).map((_, i) =>
        this.tf.concat(
          chunks.map((parts) => parts[i] as TensorInfo),
          0,
        ),
      );
    });
  }
}
