/**
 * One lane: a backend with a replica of the parameters, their gradients and moments. It computes the gradient of its
 * share of a batch and takes optimizer steps; who sums the shares stands in `lanes.ts` and `lane-thread.ts`.
 */
import { Tape } from '../autograd/tape.ts';
import { type Batch, sliceBatch } from '../model/batch.ts';
import type { Dropout } from '../model/encoder.ts';
import type { TensorGroup, TrainableOps } from '../ops/trainable-ops.ts';
import { decayedNames, emaDecayAt, type OptimizerOptions } from '../optim/adamw.ts';
import { threefry2x32 } from '../random/random.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';
import { addScores, type ScoreSums } from './evaluation.ts';
import { createTask, type Task, type TaskSpec, termsOf } from './task.ts';

/** What changes from step to step. */
export interface StepOptions {
  /** 1 at the first step. */
  readonly step: number;
  readonly learningRate: number;
  readonly optimizer: OptimizerOptions;
  /** Dropout draws from (seed, step, first row, site). */
  readonly seed: number;
  /** A lane goes over its rows in passes of about this many tokens, so that activations stay small. */
  readonly passTokens: number;
}

/** The flat buffers of a replica, in the order of the task's shapes. */
export interface ReplicaState {
  readonly parameters: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly ema: Float32Array;
}

/** Which weights to score: the current ones or their average. */
export type WeightChoice = 'parameters' | 'ema';

/** Of one step, or of all steps since the last report. */
export interface StepResult {
  /** Mean over the global batch; over several steps, the mean of theirs. */
  readonly loss: number;
  /** Of the mean loss's gradient, before clipping; over several steps, the root of their mean square. */
  readonly gradientNorm: number;
}

export class Lane {
  readonly ops: TrainableOps;
  readonly task: Task;
  readonly parameters: TensorGroup;
  readonly gradients: TensorGroup;
  readonly #m: TensorGroup;
  readonly #v: TensorGroup;
  readonly #ema: TensorGroup;
  readonly #gradientOf: ReadonlyMap<Tensor, Tensor>;
  readonly #decayed: ReadonlySet<string>;
  /** Sums since the last report: they stay with the backend until someone asks, as a GPU would have to be waited for. */
  readonly #sums: TensorGroup;
  #steps = 0;

  constructor(ops: TrainableOps, spec: TaskSpec) {
    this.ops = ops;
    this.task = createTask(ops, spec);
    this.parameters = ops.group(this.task.shapes);
    this.gradients = ops.group(this.task.shapes);
    this.#m = ops.group(this.task.shapes);
    this.#v = ops.group(this.task.shapes);
    this.#ema = ops.group(this.task.shapes);
    const names = Object.keys(this.task.shapes);
    this.#gradientOf = new Map(names.map((name) => [at(this.parameters, name), at(this.gradients, name)]));
    this.#decayed = decayedNames(names);
    this.#sums = ops.group({ loss: [], squaredNorm: [] });
  }

  /**
   * Leaves in `gradients` the gradient of `share` times the mean loss of the rows, and adds that product to the report.
   * `firstRow` is the rows' place in the global batch.
   */
  async gradient(batch: Batch | undefined, share: number, firstRow: number, options: StepOptions): Promise<void> {
    this.ops.zeroGroup(this.gradients);
    for (const pass of batch ? passesOf(batch, options.passTokens) : []) {
      await this.ops.scope(() => {
        const tape = new Tape(this.ops, this.#gradientOf);
        const dropout = dropoutOf(this.task.spec.dropout ?? 0, options, firstRow + pass.from);
        const mean = this.task.loss(tape, this.parameters.tensors, pass.batch, dropout);
        const scaled = tape.scale(mean, share * pass.share);
        tape.backward(scaled);
        this.ops.accumulate(at(this.#sums, 'loss'), scaled);
      });
    }
  }

  /**
   * Clips the whole batch's gradient, steps, and moves the average. Where a loss or a gradient since the last report is not
   * finite, no weight changes any more.
   */
  async update(options: StepOptions): Promise<void> {
    const { ops } = this;
    const { optimizer, step, learningRate } = options;
    const [loss, squaredNorm] = [at(this.#sums, 'loss'), at(this.#sums, 'squaredNorm')];
    const { beta1, beta2, epsilon, weightDecay } = optimizer;
    await ops.scope(() => {
      const squared = ops.squaredNorm(this.gradients);
      ops.accumulate(squaredNorm, squared);
      // Zero times what is not finite is not a number, and so is the factor then.
      for (const sum of [loss, squaredNorm]) ops.accumulate(squared, sum, 0);
      const gradientScale = ops.clipFactor(squared, optimizer.clip);
      const rates = { learningRate, beta1, beta2, epsilon, weightDecay, step };
      ops.adamwStep(this.parameters, this.gradients, this.#m, this.#v, {
        ...rates,
        gradientScale,
        decayed: this.#decayed,
      });
      if (optimizer.ema > 0) ops.lerpGroup(this.#ema, this.parameters, 1 - emaDecayAt(step, optimizer.ema));
    });
    this.#steps++;
  }

  /** What the steps since the last report came to. Waits for the backend. */
  async report(): Promise<StepResult> {
    const [loss, squaredNorm] = (await this.ops.readGroup(this.#sums)) as unknown as [number, number];
    const steps = Math.max(1, this.#steps);
    this.ops.zeroGroup(this.#sums);
    this.#steps = 0;
    return { loss: loss / steps, gradientNorm: Math.sqrt(squaredNorm / steps) };
  }

  /** Sums of the scores over the rows. */
  async score(batch: Batch | undefined, weights: WeightChoice, passTokens: number): Promise<ScoreSums> {
    const params: Params = (weights === 'ema' ? this.#ema : this.parameters).tensors;
    const parts: ScoreSums[] = [];
    for (const pass of batch ? passesOf(batch, passTokens) : []) {
      parts.push(await this.ops.scope(() => this.task.score(params, pass.batch)));
    }
    return addScores(parts);
  }

  async read(): Promise<ReplicaState> {
    const { ops } = this;
    return {
      parameters: await ops.readGroup(this.parameters),
      m: await ops.readGroup(this.#m),
      v: await ops.readGroup(this.#v),
      ema: await ops.readGroup(this.#ema),
    };
  }

  write(state: ReplicaState): void {
    this.ops.writeGroup(this.parameters, state.parameters);
    this.ops.writeGroup(this.#m, state.m);
    this.ops.writeGroup(this.#v, state.v);
    this.ops.writeGroup(this.#ema, state.ema);
  }
}

/** A lane's rows [from, to) of a batch, its share of the loss's terms. */
export interface Part {
  readonly batch: Batch | undefined;
  readonly from: number;
  readonly share: number;
}

/** The batch in `count` parts of nearly equal rows; a part may be empty. */
export function partsOf(batch: Batch, count: number): Part[] {
  const terms = termsOf(batch);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((batch.batchSize * i) / count);
    const to = Math.floor((batch.batchSize * (i + 1)) / count);
    if (from === to) return { batch: undefined, from, share: 0 };
    const rows = count === 1 ? batch : sliceBatch(batch, from, to);
    return { batch: rows, from, share: terms === 0 ? 0 : termsOf(rows) / terms };
  });
}

/** A part in passes of at most about `passTokens` tokens. */
function passesOf(batch: Batch, passTokens: number): { batch: Batch; from: number; share: number }[] {
  const width = batch.kind === 'masked' ? batch.visibleLength + batch.gapLength : batch.length;
  const count = Math.max(1, Math.min(batch.batchSize, Math.ceil((batch.batchSize * width) / passTokens)));
  return partsOf(batch, count).flatMap(({ batch: rows, from, share }) =>
    rows && (share > 0 || count === 1) ? [{ batch: rows, from, share }] : [],
  );
}

function dropoutOf(rate: number, options: StepOptions, row: number): Dropout {
  const [a, b] = threefry2x32(options.seed, 0x64726f70, options.step, row);
  let site = 0;
  return { rate, key: () => threefry2x32(a, b, site++, 0) };
}

function at(group: TensorGroup, name: string): Tensor {
  return group.tensors[name] as Tensor;
}
