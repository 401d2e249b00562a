/**
 * The contract that everything hangs on: the forward operations a model may call.
 *
 * Conventions. Tensors are row-major float32. Indices, positions and lengths are host `Int32Array`s; a backend copies
 * what it needs. Every op is synchronous and returns a new tensor; only `read` is async, so that a GPU fits. Shapes are
 * checked here, at the op's entry; kernels trust them. B batch, T tokens, C hidden size, H heads, V vocabulary,
 * N rows, F feed-forward width.
 */
import type { DType, Shape, Tensor } from '../tensor/tensor.ts';

export interface AttentionOptions {
  /** Heads; C must be divisible by it and the head size by 2. */
  readonly numHeads: number;
  /** Original position of every query, (B·Tq): rotates queries (RoPE, arXiv 2104.09864). Omit both for no rotation. */
  readonly queryPositions?: Int32Array;
  /** Original position of every key, (B·Tk). */
  readonly keyPositions?: Int32Array;
  /** RoPE base, 10000 by default. Dimension i of a head pairs with i + headSize/2, frequency base^(−2i/headSize). */
  readonly ropeTheta?: number;
  /** Keys at or beyond `keyLengths[b]` are not attended to, (B). Every length must be ≥ 1. Omit for no padding. */
  readonly keyLengths?: Int32Array;
}

/** What the vocabulary loss compares with: hard labels, a teacher's soft targets, or both. */
export interface VocabularyTargets {
  /** Token id a row, (N); −100 is ignored. */
  readonly labels: Int32Array;
  /** Weight of the hard cross-entropy; 1 by default. */
  readonly hardWeight?: number;
  /** Weight of z-loss, `zLoss · mean(logsumexp²)` (arXiv 2204.02311); 0 by default. */
  readonly zLoss?: number;
  /** A teacher's targets from `topTargets`, with the weight of `T² · KL(teacher ‖ student)`. */
  readonly soft?: { readonly targets: SoftTargets; readonly weight: number };
}

/** The teacher's K largest probabilities a row, and what is left of the vocabulary as one bucket. */
export interface SoftTargets {
  /** int32 (N, K) */
  readonly indices: Tensor;
  /** float32 (N, K + 1); the last column is the rest. Rows sum to 1. */
  readonly probabilities: Tensor;
  readonly temperature: number;
}

export interface Ops {
  /** `wasm`, `reference`, …: for reports and errors. */
  readonly name: string;

  /** Copies host values into a new tensor. Inside a scope it dies with the scope. */
  tensor(values: ArrayLike<number>, shape: Shape): Tensor;
  /** A quantised weight, (O, I): int8 values and one scale a row. Never dies. */
  quantizedTensor(values: Int8Array, scales: Float32Array, shape: Shape): Tensor;
  /** A float32 tensor of zeros (or `values`) outside every scope: a parameter. Never dies. */
  persistent(shape: Shape, values?: ArrayLike<number>): Tensor;
  /** Reads a tensor back: float32 → Float32Array, int32 → Int32Array. The copy is the caller's. */
  read(tensor: Tensor): Promise<Float32Array>;
  /**
   * Runs `fn`; every tensor made meanwhile, but the persistent ones, dies at its end. Read what is to survive.
   * Scopes do not nest: a second one waits for the first to end.
   */
  scope<T>(fn: () => Promise<T> | T): Promise<T>;

  /** Rows of `table` (V, C) → (...shape, C). `ids` has one id for each position of `shape`. */
  embedding(table: Tensor, ids: Int32Array, shape: Shape): Tensor;
  /** y = x Wᵀ + b; x (..., I), weight (O, I), bias (O) → (..., O). */
  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor;
  /** a + b, same shapes. */
  add(a: Tensor, b: Tensor): Tensor;
  /** factor · x. */
  scale(x: Tensor, factor: number): Tensor;
  /** The same values under another shape of the same size. */
  reshape(x: Tensor, shape: Shape): Tensor;
  /** (x − mean)/√(var + eps) · weight + bias over the last axis; weight, bias (C). arXiv 1607.06450 */
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number): Tensor;
  /** x/√(mean(x²) + eps) · weight over the last axis. arXiv 1910.07467 */
  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor;
  /** x · Φ(x), by erf. arXiv 1606.08415 */
  gelu(x: Tensor): Tensor;
  /** gelu(first half) ∘ second half of the last axis; (..., 2F) → (..., F). arXiv 2002.05202 */
  geglu(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  /** Softmax attention within one sequence; qkv (B, T, 3C), the thirds being query, key, value → (B, T, C). */
  selfAttention(qkv: Tensor, options: AttentionOptions): Tensor;
  /** Attention from query (B, Tq, C) to keyValue (B, Tk, 2C), the halves being key and value → (B, Tq, C). */
  crossAttention(query: Tensor, keyValue: Tensor, options: AttentionOptions): Tensor;
  /** Rows of x seen as (N, C) by index → (...shape, C); index −1 gives a row of zeros. */
  gatherRows(x: Tensor, indices: Int32Array, shape: Shape): Tensor;
  /** Mean over the first `lengths[b]` tokens; x (B, T, C), lengths (B) ≥ 1 → (B, C). */
  meanPool(x: Tensor, lengths: Int32Array): Tensor;
  /**
   * Zeroes each element with probability `rate` and scales the rest by 1/(1 − rate). Element i is kept when word
   * `i & 1` of threefry2x32(key, counter (i >>> 1, 0)) as a fraction of 2³² is ≥ rate; `key` is two 32-bit words.
   */
  dropout(x: Tensor, rate: number, key: readonly [number, number]): Tensor;

  /**
   * Mean over the rows that are not ignored of the vocabulary cross-entropy of logits = hidden Wᵀ + b, hidden (N, C),
   * table (V, C), bias (V) → scalar. Goes over the rows in chunks: logits of the whole batch are never alive.
   * Soft part: T²·Σ over K + 1 buckets of t·(log t − log s), s the student's softmax at the same temperature.
   */
  vocabularyLoss(hidden: Tensor, table: Tensor, bias: Tensor | undefined, targets: VocabularyTargets): Tensor;
  /**
   * For evaluation, chunked alike: (N, 2) with column 0 the number of pieces before the label's (0 = top-1 right) and
   * column 1 the row's cross-entropy in nats. Larger logits come before it, equal ones of a lower id as well; a NaN comes
   * last. Rows with label −100 give (−1, 0).
   */
  vocabularyRank(hidden: Tensor, table: Tensor, bias: Tensor | undefined, labels: Int32Array): Tensor;
  /** A teacher's soft targets from its logits at `temperature`, chunked alike. K is clamped to V. */
  topTargets(hidden: Tensor, table: Tensor, bias: Tensor | undefined, k: number, temperature: number): SoftTargets;

  /** Mean over rows of −Σ target · log softmax(logits); logits (N, K), targets (N·K) rows summing to 1 → scalar. */
  softmaxCrossEntropy(logits: Tensor, targets: Float32Array): Tensor;
  /** Mean over all elements of the logistic loss; logits (N, K), targets (N·K) in [0, 1] → scalar. */
  binaryCrossEntropy(logits: Tensor, targets: Float32Array): Tensor;
  /** Mean over elements of (x − target)² → scalar. `target` is a constant: no gradient flows to it. */
  meanSquaredError(x: Tensor, target: Tensor): Tensor;
  /** Mean over rows of 1 − cos(x, target) → scalar. `target` is a constant. */
  cosineLoss(x: Tensor, target: Tensor): Tensor;
}

export type { DType, Shape, Tensor };
