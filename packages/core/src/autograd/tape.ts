/**
 * Reverse-mode differentiation: ops that record, as they run, how gradients go back through them.
 *
 * A model runs on a tape as on any backend. An op is recorded when one of its inputs leads back to a parameter;
 * `backward` then goes over the records from the last to the first. Gradients of weights are added into the parameters'
 * persistent gradient tensors by the backend itself; only gradients of activations pass through here.
 */
import { LacunaError } from '../errors.ts';
import type { AttentionOptions, Ops, SoftTargets, VocabularyTargets } from '../ops/ops.ts';
import type { TrainableOps, WeightGradients } from '../ops/trainable-ops.ts';
import { formatShape, type Shape, sizeOf, type Tensor } from '../tensor/tensor.ts';

interface Entry {
  readonly y: Tensor;
  readonly back: (dy: Tensor) => void;
}

export class Tape implements Ops {
  readonly name: string;
  readonly #ops: TrainableOps;
  /** Parameter → its persistent gradient. Parameters that are not in it are frozen. */
  readonly #parameters: ReadonlyMap<Tensor, Tensor>;
  readonly #records: Entry[] = [];
  /** Activations that lead back to a parameter. */
  readonly #tracked = new Set<Tensor>();
  readonly #gradients = new Map<Tensor, Tensor>();
  /** Gradients that no one else holds, which may be added to in place. */
  readonly #owned = new Set<Tensor>();

  constructor(ops: TrainableOps, gradients: ReadonlyMap<Tensor, Tensor>) {
    this.name = ops.name;
    this.#ops = ops;
    this.#parameters = gradients;
  }

  /** Adds ∂loss/∂parameter into every parameter's gradient. `loss` is a scalar of this tape; call it once. */
  backward(loss: Tensor): void {
    if (sizeOf(loss.shape) !== 1) {
      throw new LacunaError('shape_mismatch', `tape: a loss is a scalar, got ${formatShape(loss.shape)}.`);
    }
    this.#give(loss, this.#ops.tensor([1], loss.shape), true);
    for (let i = this.#records.length - 1; i >= 0; i--) {
      const { y, back } = this.#records[i] as Entry;
      const dy = this.#gradients.get(y);
      if (!dy) continue;
      back(dy);
      this.#gradients.delete(y);
    }
    this.#records.length = 0;
  }

  #needs(tensor: Tensor | undefined): boolean {
    return tensor !== undefined && (this.#tracked.has(tensor) || this.#parameters.has(tensor));
  }

  /** Records `back` for y if any input needs a gradient. */
  #record(y: Tensor, inputs: readonly (Tensor | undefined)[], back: (dy: Tensor) => void): Tensor {
    if (inputs.some((input) => this.#needs(input))) {
      this.#tracked.add(y);
      this.#records.push({ y, back });
    }
    return y;
  }

  /** Adds a gradient to x's. `owned`: the tensor was made for this and nothing else reads it. */
  #give(x: Tensor, gradient: Tensor, owned: boolean): void {
    const parameter = this.#parameters.get(x);
    if (parameter) {
      this.#ops.accumulate(parameter, gradient);
      return;
    }
    if (!this.#tracked.has(x)) return;
    const before = this.#gradients.get(x);
    if (!before) {
      this.#gradients.set(x, gradient);
      // One that was owned is handed on by `add` to both of its inputs: from then on no one may write to it.
      if (owned) this.#owned.add(gradient);
      else this.#owned.delete(gradient);
    } else if (this.#owned.has(before)) {
      this.#ops.accumulate(before, gradient);
    } else {
      const sum = owned ? gradient : this.#ops.add(before, gradient);
      if (owned) this.#ops.accumulate(sum, before);
      this.#gradients.set(x, sum);
      this.#owned.add(sum);
    }
  }

  /** Where a weight's gradient goes; nowhere for a frozen one. A weight that was computed has no place to go. */
  #into(weight: Tensor, bias?: Tensor): WeightGradients {
    for (const tensor of [weight, bias]) {
      if (!tensor || !this.#tracked.has(tensor)) continue;
      throw new LacunaError('invalid_argument', 'tape: a weight must be a parameter or a constant, not a result.');
    }
    return { weight: this.#parameters.get(weight), bias: bias && this.#parameters.get(bias) };
  }

  // Constants and readings pass through.

  tensor(values: ArrayLike<number>, shape: Shape): Tensor {
    return this.#ops.tensor(values, shape);
  }

  quantizedTensor(values: Int8Array, scales: Float32Array, shape: Shape): Tensor {
    return this.#ops.quantizedTensor(values, scales, shape);
  }

  persistent(shape: Shape, values?: ArrayLike<number>): Tensor {
    return this.#ops.persistent(shape, values);
  }

  read(tensor: Tensor): Promise<Float32Array> {
    return this.#ops.read(tensor);
  }

  scope<T>(fn: () => Promise<T> | T): Promise<T> {
    return this.#ops.scope(fn);
  }

  vocabularyRank(hidden: Tensor, table: Tensor, bias: Tensor | undefined, labels: Int32Array): Tensor {
    return this.#ops.vocabularyRank(hidden, table, bias, labels);
  }

  topTargets(hidden: Tensor, table: Tensor, bias: Tensor | undefined, k: number, temperature: number): SoftTargets {
    return this.#ops.topTargets(hidden, table, bias, k, temperature);
  }

  // Layers.

  embedding(table: Tensor, ids: Int32Array, shape: Shape): Tensor {
    const into = this.#into(table);
    return this.#record(this.#ops.embedding(table, ids, shape), [table], (dy) =>
      this.#ops.embeddingBackward(dy, ids, into),
    );
  }

  linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
    const into = this.#into(weight, bias);
    return this.#record(this.#ops.linear(x, weight, bias), [x, weight, bias], (dy) =>
      this.#give(x, this.#ops.linearBackward(dy, x, weight, into), true),
    );
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.#record(this.#ops.add(a, b), [a, b], (dy) => {
      this.#give(a, dy, false);
      this.#give(b, dy, false);
    });
  }

  scale(x: Tensor, factor: number): Tensor {
    return this.#record(this.#ops.scale(x, factor), [x], (dy) => this.#give(x, this.#ops.scale(dy, factor), true));
  }

  reshape(x: Tensor, shape: Shape): Tensor {
    return this.#record(this.#ops.reshape(x, shape), [x], (dy) => this.#give(x, this.#ops.reshape(dy, x.shape), false));
  }

  layerNorm(x: Tensor, weight: Tensor, bias: Tensor | undefined, eps: number): Tensor {
    const into = this.#into(weight, bias);
    return this.#record(this.#ops.layerNorm(x, weight, bias, eps), [x, weight, bias], (dy) =>
      this.#give(x, this.#ops.layerNormBackward(dy, x, weight, eps, into), true),
    );
  }

  rmsNorm(x: Tensor, weight: Tensor, eps: number): Tensor {
    const into = this.#into(weight);
    return this.#record(this.#ops.rmsNorm(x, weight, eps), [x, weight], (dy) =>
      this.#give(x, this.#ops.rmsNormBackward(dy, x, weight, eps, into), true),
    );
  }

  gelu(x: Tensor): Tensor {
    return this.#record(this.#ops.gelu(x), [x], (dy) => this.#give(x, this.#ops.geluBackward(dy, x), true));
  }

  geglu(x: Tensor): Tensor {
    return this.#record(this.#ops.geglu(x), [x], (dy) => this.#give(x, this.#ops.gegluBackward(dy, x), true));
  }

  tanh(x: Tensor): Tensor {
    return this.#record(this.#ops.tanh(x), [x], (dy) => this.#give(x, this.#ops.tanhBackward(dy, x), true));
  }

  selfAttention(qkv: Tensor, options: AttentionOptions): Tensor {
    return this.#record(this.#ops.selfAttention(qkv, options), [qkv], (dy) =>
      this.#give(qkv, this.#ops.selfAttentionBackward(dy, qkv, options), true),
    );
  }

  crossAttention(query: Tensor, keyValue: Tensor, options: AttentionOptions): Tensor {
    return this.#record(this.#ops.crossAttention(query, keyValue, options), [query, keyValue], (dy) => {
      const gradients = this.#ops.crossAttentionBackward(dy, query, keyValue, options);
      this.#give(query, gradients.query, true);
      this.#give(keyValue, gradients.keyValue, true);
    });
  }

  gatherRows(x: Tensor, indices: Int32Array, shape: Shape): Tensor {
    return this.#record(this.#ops.gatherRows(x, indices, shape), [x], (dy) =>
      this.#give(x, this.#ops.gatherRowsBackward(dy, indices, x.shape), true),
    );
  }

  meanPool(x: Tensor, lengths: Int32Array): Tensor {
    return this.#record(this.#ops.meanPool(x, lengths), [x], (dy) =>
      this.#give(x, this.#ops.meanPoolBackward(dy, lengths, x.shape), true),
    );
  }

  dropout(x: Tensor, rate: number, key: readonly [number, number]): Tensor {
    return this.#record(this.#ops.dropout(x, rate, key), [x], (dy) =>
      this.#give(x, this.#ops.dropoutBackward(dy, rate, key), true),
    );
  }

  // Losses.

  vocabularyLoss(hidden: Tensor, table: Tensor, bias: Tensor | undefined, targets: VocabularyTargets): Tensor {
    if (![hidden, table, bias].some((input) => this.#needs(input))) {
      return this.#ops.vocabularyLoss(hidden, table, bias, targets);
    }
    const into = this.#into(table, bias);
    const result = this.#ops.vocabularyLossWithGradient(hidden, table, bias, targets);
    return this.#record(result.loss, [hidden, table, bias], (dy) => {
      if (into.weight) this.#ops.accumulate(into.weight, result.table, dy);
      if (into.bias && result.bias) this.#ops.accumulate(into.bias, result.bias, dy);
      if (!this.#needs(hidden)) return;
      const gradient = this.#ops.scale(result.hidden, 0);
      this.#ops.accumulate(gradient, result.hidden, dy);
      this.#give(hidden, gradient, true);
    });
  }

  softmaxCrossEntropy(logits: Tensor, targets: Float32Array): Tensor {
    return this.#record(this.#ops.softmaxCrossEntropy(logits, targets), [logits], (dy) =>
      this.#give(logits, this.#ops.softmaxCrossEntropyBackward(dy, logits, targets), true),
    );
  }

  binaryCrossEntropy(logits: Tensor, targets: Float32Array): Tensor {
    return this.#record(this.#ops.binaryCrossEntropy(logits, targets), [logits], (dy) =>
      this.#give(logits, this.#ops.binaryCrossEntropyBackward(dy, logits, targets), true),
    );
  }

  meanSquaredError(x: Tensor, target: Tensor): Tensor {
    return this.#record(this.#ops.meanSquaredError(x, target), [x], (dy) =>
      this.#give(x, this.#ops.meanSquaredErrorBackward(dy, x, target), true),
    );
  }

  cosineLoss(x: Tensor, target: Tensor): Tensor {
    return this.#record(this.#ops.cosineLoss(x, target), [x], (dy) =>
      this.#give(x, this.#ops.cosineLossBackward(dy, x, target), true),
    );
  }
}
