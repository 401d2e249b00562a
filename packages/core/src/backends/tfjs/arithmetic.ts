/**
 * The arithmetic that the composed ops are written in, by the names of TensorFlow.js's own functions. Binary operations
 * broadcast. `tf.fused.*` stays out: off its fast path the WASM backend adds the bias once a block and clamps partial sums.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Shape } from '../../tensor/tensor.ts';
import type { Engine } from './engine.ts';

export class Arithmetic {
  readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  add(a: TensorInfo, b: TensorInfo | number): TensorInfo {
    return this.engine.run('Add', { a, b: this.#operand(b) });
  }

  sub(a: TensorInfo | number, b: TensorInfo | number): TensorInfo {
    return this.engine.run('Sub', { a: this.#operand(a), b: this.#operand(b) });
  }

  mul(a: TensorInfo, b: TensorInfo | number): TensorInfo {
    return this.engine.run('Multiply', { a, b: this.#operand(b) });
  }

  div(a: TensorInfo | number, b: TensorInfo | number): TensorInfo {
    return this.engine.run('RealDiv', { a: this.#operand(a), b: this.#operand(b) });
  }

  /** The larger of x and a number. */
  atLeast(x: TensorInfo, least: number): TensorInfo {
    return this.engine.run('ClipByValue', { x }, { clipValueMin: least, clipValueMax: 3.4e38 });
  }

  exp = (x: TensorInfo): TensorInfo => this.engine.run('Exp', { x });
  log = (x: TensorInfo): TensorInfo => this.engine.run('Log', { x });
  sqrt = (x: TensorInfo): TensorInfo => this.engine.run('Sqrt', { x });
  rsqrt = (x: TensorInfo): TensorInfo => this.engine.run('Rsqrt', { x });
  square = (x: TensorInfo): TensorInfo => this.engine.run('Square', { x });
  tanh = (x: TensorInfo): TensorInfo => this.engine.run('Tanh', { x });
  erf = (x: TensorInfo): TensorInfo => this.engine.run('Erf', { x });
  abs = (x: TensorInfo): TensorInfo => this.engine.run('Abs', { x });

  /** Over the last axis. */
  softmax(logits: TensorInfo): TensorInfo {
    return this.engine.run('Softmax', { logits }, { dim: logits.shape.length - 1 });
  }

  sum(x: TensorInfo, axis: number, keepDims = true): TensorInfo {
    return this.engine.run('Sum', { x }, { axis: [axis], keepDims });
  }

  /** Over everything, a scalar. */
  sumAll(x: TensorInfo): TensorInfo {
    const n = x.shape.reduce((size, dim) => size * dim, 1);
    return this.engine.run('Sum', { x: this.reshape(x, [n]) }, { axis: [0], keepDims: false });
  }

  mean(x: TensorInfo, axis: number): TensorInfo {
    return this.mul(this.sum(x, axis), 1 / (x.shape[axis] as number));
  }

  max(x: TensorInfo, axis: number): TensorInfo {
    return this.engine.run('Max', { x }, { reductionIndices: [axis], keepDims: true });
  }

  /** (N, V) → log Σ exp of each row, (N, 1). */
  logSumExp(logits: TensorInfo): TensorInfo {
    const most = this.max(logits, 1);
    return this.add(this.log(this.sum(this.exp(this.sub(logits, most)), 1)), most);
  }

  reshape(x: TensorInfo, shape: Shape): TensorInfo {
    return this.engine.alias(x, shape);
  }

  transpose(x: TensorInfo, perm: readonly number[]): TensorInfo {
    return this.engine.run('Transpose', { x }, { perm: [...perm] });
  }

  slice(x: TensorInfo, begin: readonly number[], size: readonly number[]): TensorInfo {
    return this.engine.run('Slice', { x }, { begin: [...begin], size: [...size] });
  }

  /** The last axis from `from`, `width` wide. */
  columns(x: TensorInfo, from: number, width: number): TensorInfo {
    const last = x.shape.length - 1;
    return this.slice(
      x,
      x.shape.map((_, i) => (i === last ? from : 0)),
      x.shape.map((dim, i) => (i === last ? width : dim)),
    );
  }

  concat(parts: readonly TensorInfo[], axis: number): TensorInfo {
    if (parts.length === 1) return this.reshape(parts[0] as TensorInfo, (parts[0] as TensorInfo).shape);
    // This one kernel takes a list.
    return this.engine.run('Concat', [...parts] as unknown as Record<string, TensorInfo>, { axis });
  }

  /** Rows of x (N, …) by int32 indices (n). */
  gather(x: TensorInfo, indices: TensorInfo): TensorInfo {
    return this.engine.run('GatherV2', { x, indices }, { axis: 0, batchDims: 0 });
  }

  /** Rows of x (n, C) added up by the segment each belongs to → (numSegments, C). */
  segmentSum(x: TensorInfo, segmentIds: TensorInfo, numSegments: number): TensorInfo {
    return this.engine.run('UnsortedSegmentSum', { x, segmentIds }, { numSegments });
  }

  /** int32 (n) → (n, depth) of zeros and ones. */
  oneHot(indices: TensorInfo, depth: number): TensorInfo {
    // The WASM backend writes integers whatever type is asked for.
    const ones = this.engine.run('OneHot', { indices }, { depth, onValue: 1, offValue: 0, dtype: 'int32' });
    return this.float(ones);
  }

  /** Integers or truth values as float32. */
  float(x: TensorInfo): TensorInfo {
    return this.engine.run('Cast', { x }, { dtype: 'float32', truncate: false });
  }

  /** Products of matrices, (M, K)·(K, N), of operands that may be transposed; with a leading axis, one a batch entry. */
  matMul(a: TensorInfo, b: TensorInfo, transposeA = false, transposeB = false): TensorInfo {
    if (this.engine.kind === 'wasm') return this.#fastMatMul(a, b, transposeA, transposeB);
    return this.engine.run('BatchMatMul', { a, b }, { transposeA, transposeB });
  }

  /** The WASM backend is fast only for one product at a time of operands as they lie; all else is some thirty times slower. */
  #fastMatMul(a: TensorInfo, b: TensorInfo, transposeA: boolean, transposeB: boolean): TensorInfo {
    const left = transposeA ? this.#swapped(a) : a;
    const right = transposeB ? this.#swapped(b) : b;
    const plain = { transposeA: false, transposeB: false };
    if (left.shape.length === 2) return this.engine.run('BatchMatMul', { a: left, b: right }, plain);
    const batch = left.shape[0] as number;
    const parts = Array.from({ length: batch }, (_, i) =>
      this.engine.run('BatchMatMul', { a: this.#entry(left, i), b: this.#entry(right, i) }, plain),
    );
    return this.concat(parts, 0);
  }

  #entry(x: TensorInfo, i: number): TensorInfo {
    const [, rows, columns] = x.shape as [number, number, number];
    return this.slice(x, [i, 0, 0], [1, rows, columns]);
  }

  #swapped(x: TensorInfo): TensorInfo {
    return this.transpose(x, x.shape.length === 2 ? [1, 0] : [0, 2, 1]);
  }

  #operand(x: TensorInfo | number): TensorInfo {
    return typeof x === 'number' ? this.engine.float([x], []) : x;
  }
}
