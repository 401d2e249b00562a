/**
 * The forward ops with one vector-Jacobian product each, and what an optimizer step needs.
 *
 * A VJP is a pure function of the output's gradient and the op's inputs; it recomputes what it needs. Input gradients
 * come back as new tensors. Gradients of weights (arguments that are parameters) are *added into* a persistent tensor
 * the caller names, so a batch can be summed over several passes; a weight that is not named is frozen and costs nothing.
 */
import type { Params, Shape, Tensor } from '../tensor/tensor.ts';
import type { AttentionOptions, Ops, VocabularyTargets } from './ops.ts';

/** Where the gradients of an op's weights are to be added; leave out what is frozen. */
export interface WeightGradients {
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
}

/** Tensors that share one contiguous flat buffer, in the order of their names' insertion. Persistent. */
export interface TensorGroup {
  readonly tensors: Params;
  /** Elements in all. */
  readonly size: number;
}

export interface AdamWOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 1 at the first step: bias correction. */
  readonly step: number;
  /** Gradients are multiplied by this on the way in (clipping, averaging). Where it is NaN the step changes nothing. */
  readonly gradientScale: number | Tensor;
  /** Names whose weights decay; the rest (norms, biases) do not. */
  readonly decayed: ReadonlySet<string>;
}

export interface TrainableOps extends Ops {
  /** Reading back waits for a device that computes on its own: read seldom. */
  readonly deferred: boolean;
  /** Gives a device back; nothing of the backend works afterwards. Absent where the garbage collector does. */
  close?(): void;
  /** Zero-filled tensors in one flat buffer. */
  group(shapes: Readonly<Record<string, Shape>>): TensorGroup;
  /** The flat buffer, copied out (to `into` where given) / in. */
  readGroup(group: TensorGroup, into?: Float32Array): Promise<Float32Array>;
  writeGroup(group: TensorGroup, values: Float32Array): void;
  zeroGroup(group: TensorGroup): void;
  /** Σ x² over the group → scalar, summed in float64 order that does not depend on anything but the size. */
  squaredNorm(group: TensorGroup): Tensor;
  /** What a gradient of this squared norm is scaled by so that its norm is at most `clip`: a scalar, NaN where it is not finite. */
  clipFactor(squaredNorm: Tensor, clip: number): Tensor;
  /** target += weight · (source − target): an exponential moving average. */
  lerpGroup(target: TensorGroup, source: TensorGroup, weight: number): void;
  /** Decoupled weight decay Adam over whole groups of the same layout. arXiv 1711.05101 */
  adamwStep(
    parameters: TensorGroup,
    gradients: TensorGroup,
    m: TensorGroup,
    v: TensorGroup,
    options: AdamWOptions,
  ): void;

  /** into += factor · x; `factor` a number or a scalar tensor. The one in-place op, for summing gradients. */
  accumulate(into: Tensor, x: Tensor, factor?: number | Tensor): void;

  /** Adds rows of dy into `into.weight` (V, C). */
  embeddingBackward(dy: Tensor, ids: Int32Array, into: WeightGradients): void;
  /** → dx. `into.weight` += dyᵀ x; `into.bias` += column sums of dy. */
  linearBackward(dy: Tensor, x: Tensor, weight: Tensor, into: WeightGradients): Tensor;
  layerNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor;
  rmsNormBackward(dy: Tensor, x: Tensor, weight: Tensor, eps: number, into: WeightGradients): Tensor;
  geluBackward(dy: Tensor, x: Tensor): Tensor;
  gegluBackward(dy: Tensor, x: Tensor): Tensor;
  tanhBackward(dy: Tensor, x: Tensor): Tensor;
  /** → dqkv (B, T, 3C) */
  selfAttentionBackward(dy: Tensor, qkv: Tensor, options: AttentionOptions): Tensor;
  crossAttentionBackward(
    dy: Tensor,
    query: Tensor,
    keyValue: Tensor,
    options: AttentionOptions,
  ): { query: Tensor; keyValue: Tensor };
  /** → dx of the gathered tensor's shape, `xShape`: scatter-add of dy's rows. */
  gatherRowsBackward(dy: Tensor, indices: Int32Array, xShape: Shape): Tensor;
  meanPoolBackward(dy: Tensor, lengths: Int32Array, xShape: Shape): Tensor;
  dropoutBackward(dy: Tensor, rate: number, key: readonly [number, number]): Tensor;

  /**
   * The vocabulary loss together with its gradients for an upstream gradient of 1, since the chunked logits would
   * otherwise be computed twice. `table` and `bias` gradients are new tensors of those shapes.
   */
  vocabularyLossWithGradient(
    hidden: Tensor,
    table: Tensor,
    bias: Tensor | undefined,
    targets: VocabularyTargets,
  ): { loss: Tensor; hidden: Tensor; table: Tensor; bias: Tensor | undefined };
  /** The small losses' gradients with respect to their first argument; `dy` is a scalar. */
  softmaxCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor;
  binaryCrossEntropyBackward(dy: Tensor, logits: Tensor, targets: Float32Array): Tensor;
  meanSquaredErrorBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor;
  cosineLossBackward(dy: Tensor, x: Tensor, target: Tensor): Tensor;
}
