/**
 * Integrated gradients: how much each token adds to a prediction, by the gradient along a straight line from a baseline to
 * the token's embedding. Paper: arXiv 1703.01365
 */
import { Tape } from '../autograd/tape.ts';
import { LacunaError } from '../errors.ts';
import type { Ops } from '../ops/ops.ts';
import type { TensorGroup, TrainableOps } from '../ops/trainable-ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';

export const EMBEDDINGS = 'embeddings.word_embeddings.weight';

/** Points of the line that go through the model together. */
const POINTS = 8;

export interface AttributionRequest {
  /** (T, C): the tokens' embeddings. */
  readonly embeddings: Float32Array;
  /** (C): where the line of every token begins, but for those that are `fixed`. */
  readonly baseline: Float32Array;
  /** Tokens that stay as they are, and so get 0. */
  readonly fixed: readonly boolean[];
  /**
   * The mean over `rows` copies of the text of −log p of the prediction. `params` has a table of embeddings with a row a token
   * and copy: the ids of copy b are b·T to b·T + T − 1.
   */
  loss(ops: Ops, params: Params, rows: number): Tensor;
}

export interface Attributions {
  /** (T): what each token adds to log p over the baseline. */
  readonly values: Float32Array;
  /** log p of the text, and of the baseline: the values sum to about their difference. */
  readonly logProbability: number;
  readonly baselineLogProbability: number;
}

export class IntegratedGradients {
  readonly #ops: TrainableOps;
  readonly #params: Params;
  readonly #table: TensorGroup;
  readonly #gradient: TensorGroup;
  readonly #rows: number;
  readonly #width: number;

  /** `params` are the model's on `ops`; texts have at most `maxTokens` tokens of width C. */
  constructor(ops: TrainableOps, params: Params, maxTokens: number, width: number) {
    this.#ops = ops;
    this.#params = params;
    this.#rows = POINTS * maxTokens;
    this.#width = width;
    // Made once: persistent tensors never die.
    this.#table = ops.group({ table: [this.#rows, width] });
    this.#gradient = ops.group({ table: [this.#rows, width] });
  }

  /** Over `points` points, rounded up to a multiple of 8. The more, the nearer the sum comes to the difference. */
  async attribute(request: AttributionRequest, points: number): Promise<Attributions> {
    if (!Number.isInteger(points) || points < 1) {
      throw new LacunaError('invalid_argument', `explain: expected a number of points above 0, got ${points}.`, {
        points,
      });
    }
    const { embeddings, baseline, fixed } = request;
    const C = this.#width;
    const T = embeddings.length / C;
    const rounds = Math.ceil(points / POINTS);
    const total = rounds * POINTS;
    const start = embeddings.map((x, i) => (fixed[Math.floor(i / C)] ? x : (baseline[i % C] as number)));
    const values = new Float32Array(T);
    for (let round = 0; round < rounds; round++) {
      // Midpoints: as exact as the trapezium, without its ends.
      const along = (point: number) => (round * POINTS + point + 0.5) / total;
      const { gradient } = await this.#gradientAt(request, start, T, along);
      for (let i = 0; i < gradient.length; i++) {
        const token = Math.floor(i / C) % T;
        const at = i % (T * C);
        const difference = (embeddings[at] as number) - (start[at] as number);
        // The loss is the mean of POINTS terms, and the integral the mean over all points.
        values[token] = (values[token] as number) - ((gradient[i] as number) * POINTS * difference) / total;
      }
    }
    // All copies at one point: the mean of equal terms.
    const { loss: whole } = await this.#gradientAt(request, start, T, () => 1);
    const { loss: base } = await this.#gradientAt(request, start, T, () => 0);
    return { values, logProbability: -whole, baselineLogProbability: -base };
  }

  async #gradientAt(
    { embeddings, loss }: AttributionRequest,
    start: Float32Array,
    T: number,
    along: (point: number) => number,
  ): Promise<{ loss: number; gradient: Float32Array }> {
    const ops = this.#ops;
    const size = T * this.#width;
    const table = new Float32Array(this.#rows * this.#width);
    for (let point = 0; point < POINTS; point++) {
      const share = along(point);
      for (let i = 0; i < size; i++) {
        const from = start[i] as number;
        table[point * size + i] = from + share * ((embeddings[i] as number) - from);
      }
    }
    ops.writeGroup(this.#table, table);
    ops.zeroGroup(this.#gradient);
    const [tensor, gradient] = [this.#table.tensors.table as Tensor, this.#gradient.tensors.table as Tensor];
    const mean = await ops.scope(async () => {
      const tape = new Tape(ops, new Map([[tensor, gradient]]));
      const result = loss(tape, { ...this.#params, [EMBEDDINGS]: tensor }, POINTS);
      tape.backward(result);
      return (await ops.read(result))[0] as number;
    });
    return { loss: mean, gradient: (await ops.readGroup(this.#gradient)).subarray(0, POINTS * size) };
  }
}
