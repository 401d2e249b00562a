/** Why a model answered as it did: per-token attributions and attention maps of one prediction. */
import { type Artifact, floatWeights } from '../artifact/artifact.ts';
import { LacunaError } from '../errors.ts';
import { candidates, gapBatch, gapTokens, targetIds } from '../inference/gaps.ts';
import { vocabularyHead } from '../losses/masked.ts';
import type { MaskedBatch, TextBatch } from '../model/batch.ts';
import { classifierLogits } from '../model/classifier.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import { parameterShapes } from '../model/parameters.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import type { Params } from '../tensor/tensor.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { encodeText } from '../training/text-batches.ts';
import { type AttentionMap, attentionMaps } from './attention.ts';
import { type AttributionRequest, EMBEDDINGS, IntegratedGradients } from './integrated-gradients.ts';

export interface Explanation {
  /** What is explained: a label, or a word in a gap. */
  readonly target: string;
  /** Its probability. */
  readonly score: number;
  /** The text as the model sees it: pieces, with `[SEP]` around them and without those that are gaps. */
  readonly tokens: readonly ExplainedToken[];
  /** Positions of the gaps among the tokens, where the model fills gaps: the queries of `cross` maps. */
  readonly gaps: readonly number[];
  /** log p of the target in a text of average words: the attributions sum to log p minus this. */
  readonly baseline: number;
  /** How far the sum is off, in nats: more points bring it down. */
  readonly error: number;
  /** Keys and queries are `tokens`, in order; those of `cross` maps ask from the gaps. */
  readonly attention: readonly AttentionMap[];
}

export interface ExplainedToken {
  readonly piece: string;
  readonly position: number;
  /** What it adds to the target's log p, in nats. */
  readonly attribution: number;
}

export interface ExplainOptions {
  /** A label, or a word of one piece for the gap; the model's own answer by default. */
  readonly target?: string;
  /** Which gap, from 0; the first by default. */
  readonly gap?: number;
  /** Points of the integral, 32 by default. */
  readonly points?: number;
  /** Cut a text over the model's length instead of refusing it. */
  readonly truncate?: boolean;
}

interface Case {
  readonly ids: Int32Array;
  readonly positions: Int32Array;
  readonly gaps: readonly number[];
  readonly target: string;
  readonly loss: AttributionRequest['loss'];
  forward(ops: Parameters<typeof classifierLogits>[0]): unknown;
}

export class Explainer {
  readonly #ops: TrainableOps;
  readonly #artifact: Artifact;
  readonly #tokenizer: Tokenizer;
  readonly #params: Params;
  readonly #table: Float32Array;
  readonly #average: Float32Array;
  readonly #gradients: IntegratedGradients;

  /** Copies the weights, as float32, to a backend that can train. */
  constructor(ops: TrainableOps, artifact: Artifact) {
    const { config, labels, task } = artifact;
    const head = task === 'text-classification' ? { numLabels: labels.length } : undefined;
    const weights = floatWeights(artifact);
    const shapes = Object.entries(parameterShapes(config, head));
    this.#ops = ops;
    this.#artifact = artifact;
    this.#tokenizer = new Tokenizer(artifact.pieces);
    this.#params = Object.fromEntries(shapes.map(([name, shape]) => [name, ops.persistent(shape, weights[name])]));
    this.#table = weights[EMBEDDINGS] as Float32Array;
    this.#average = averageRow(this.#table, config.hiddenSize);
    this.#gradients = new IntegratedGradients(ops, this.#params, config.maxPositionEmbeddings, config.hiddenSize);
  }

  /**
   * Throws `empty_text`, `no_mask_token`, `text_too_long`, `unknown_target`, `unknown_label`, `invalid_argument`.
   * One call at a time.
   */
  async explain(text: string, options: ExplainOptions = {}): Promise<Explanation> {
    const { config, task } = this.#artifact;
    const found = await (task === 'fill-mask' ? this.#gapCase(text, options) : this.#labelCase(text, options));
    const { ids, positions, gaps, target, loss } = found;
    const C = config.hiddenSize;
    const embeddings = new Float32Array(ids.length * C);
    ids.forEach((id, i) => {
      embeddings.set(this.#table.subarray(id * C, (id + 1) * C), i * C);
    });
    const fixed = Array.from(ids, (id) => this.#tokenizer.isSpecial(id));
    const request = { embeddings, baseline: this.#average, fixed, loss };
    const { values, logProbability, baselineLogProbability } = await this.#gradients.attribute(
      request,
      options.points ?? 32,
    );
    const attention = await attentionMaps(this.#ops, (ops) => found.forward(ops));
    const sum = values.reduce((total, value) => total + value, 0);
    return {
      target,
      score: Math.exp(logProbability),
      tokens: Array.from(ids, (id, i) => ({
        piece: this.#tokenizer.tokenOf(id),
        position: positions[i] as number,
        attribution: values[i] as number,
      })),
      gaps,
      baseline: baselineLogProbability,
      error: Math.abs(sum - (logProbability - baselineLogProbability)),
      attention,
    };
  }

  async #labelCase(text: string, options: ExplainOptions): Promise<Case> {
    const { config, labels, multiLabel } = this.#artifact;
    const { ids, truncated } = encodeText(this.#tokenizer, text, config.maxPositionEmbeddings);
    if (ids.length === 2) throw new LacunaError('empty_text', 'explain: the text must have a word, got none.');
    if (truncated && options.truncate !== true) {
      const limit = config.maxPositionEmbeddings - 2;
      throw new LacunaError('text_too_long', `explain: the text must have at most ${limit} tokens. Ask to truncate.`, {
        limit,
      });
    }
    const ops = this.#ops;
    const batch = repeatedText(ids, 1, false);
    const logits = await ops.scope(() => ops.read(classifierLogits(ops, this.#params, config, batch)));
    const label = options.target === undefined ? largest(logits) : labels.indexOf(options.target);
    if (label < 0) {
      throw new LacunaError(
        'unknown_label',
        `explain: expected a label out of ${labels.join(', ')}, got "${options.target}".`,
        {
          label: options.target,
          labels,
        },
      );
    }
    return {
      ids,
      positions: Int32Array.from(ids, (_, i) => i),
      gaps: [],
      target: labels[label] as string,
      forward: (on) => classifierLogits(on, this.#params, config, batch),
      loss: (on, params, rows) => {
        const given = classifierLogits(on, params, config, repeatedText(ids, rows, true));
        if (!multiLabel) return on.softmaxCrossEntropy(given, hot(rows, labels.length, label));
        // The label's own logit: as one of one.
        const only = on.linear(given, on.tensor(hot(1, labels.length, label), [1, labels.length]));
        return on.binaryCrossEntropy(only, new Float32Array(rows).fill(1));
      },
    };
  }

  async #gapCase(text: string, options: ExplainOptions): Promise<Case> {
    const { config } = this.#artifact;
    if (config.objective !== 'mae') {
      throw new LacunaError(
        'unsupported_task',
        'explain: expected a masked autoencoder, got a masked language model.',
        {
          objective: config.objective,
        },
      );
    }
    const tokens = gapTokens(this.#tokenizer, text, config.maxPositionEmbeddings, options.truncate ?? false);
    const batch = gapBatch(this.#tokenizer, tokens);
    const { gap = 0, target } = options;
    if (!Number.isInteger(gap) || gap < 0 || gap >= batch.gapLength) {
      throw new LacunaError('invalid_argument', `explain: expected a gap of 0 to ${batch.gapLength - 1}, got ${gap}.`, {
        gap,
      });
    }
    const ops = this.#ops;
    const { table, bias } = vocabularyHead(this.#params);
    const logits = await ops.scope(() =>
      ops.read(ops.linear(gapStates(ops, this.#params, config, batch).gaps, table, bias)),
    );
    const V = config.vocabSize;
    const id =
      target === undefined
        ? (candidates(this.#tokenizer, text, gap, logits.subarray(gap * V, (gap + 1) * V), 1, undefined)[0]?.token ?? 0)
        : (targetIds(this.#tokenizer, [target])[0] as number);
    return {
      ids: batch.visibleIds,
      positions: batch.visiblePositions,
      gaps: Array.from(batch.gapPositions),
      target: this.#tokenizer.tokenOf(id),
      forward: (on) => gapStates(on, this.#params, config, batch),
      loss: (on, params, rows) => {
        const copies = repeatedGaps(batch, rows, gap, id);
        // Answers come through the model's own table, whatever the words of the text are replaced with.
        return on.vocabularyLoss(gapStates(on, params, config, copies).gaps, table, bias, { labels: copies.labels });
      },
    };
  }
}

/** Copies of one text; `numbered` ones take a row of their own for every token. */
function repeatedText(ids: Int32Array, rows: number, numbered: boolean): TextBatch {
  const length = ids.length;
  const inputIds = Int32Array.from({ length: rows * length }, (_, i) => (numbered ? i : (ids[i % length] as number)));
  const lengths = new Int32Array(rows).fill(length);
  return { kind: 'text', batchSize: rows, length, inputIds, lengths, targets: new Float32Array(0) };
}

/** Numbered copies in which one gap counts. */
function repeatedGaps(batch: MaskedBatch, rows: number, gap: number, id: number): MaskedBatch {
  const { visibleLength, gapLength } = batch;
  const repeated = (values: Int32Array) =>
    Int32Array.from({ length: rows * values.length }, (_, i) => values[i % values.length] as number);
  return {
    ...batch,
    batchSize: rows,
    visibleIds: Int32Array.from({ length: rows * visibleLength }, (_, i) => i),
    visiblePositions: repeated(batch.visiblePositions),
    gapPositions: repeated(batch.gapPositions),
    labels: Int32Array.from({ length: rows * gapLength }, (_, i) => (i % gapLength === gap ? id : -100)),
  };
}

function hot(rows: number, width: number, at: number): Float32Array {
  return Float32Array.from({ length: rows * width }, (_, i) => (i % width === at ? 1 : 0));
}

function largest(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0);
}

/** The mean of a table's rows: a word that says nothing. A zero vector would not do, as the norm divides by its length. */
function averageRow(table: Float32Array, width: ModelConfig['hiddenSize']): Float32Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < table.length; i++) mean[i % width] = (mean[i % width] as number) + (table[i] as number);
  return Float32Array.from(mean, (sum) => (sum * width) / table.length);
}
