/** A loaded artifact that answers: the end of the road, the same code at the edge, in Node and in a browser. */
import type { Artifact } from '../artifact/artifact.ts';
import type { ModelTask } from '../artifact/metadata.ts';
import { artifactParams } from '../artifact/params.ts';
import { LacunaError } from '../errors.ts';
import { vocabularyHead } from '../losses/masked.ts';
import { classifierLogits } from '../model/classifier.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params } from '../tensor/tensor.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { candidates, DEFAULT_TOP_K, type FillMaskCandidate, gapBatch, targetIds, tooLong } from './gaps.ts';

export interface FillMaskOptions {
  /** Candidates a gap; by default 5, or all targets. */
  readonly topK?: number;
  /** Score these words only, each one piece of the vocabulary. */
  readonly targets?: readonly string[];
  /** Cut a text over the model's length to a window around its gaps instead of refusing it. */
  readonly truncate?: boolean;
}

export interface ClassifyOptions {
  /** Labels to give, best first; all by default. */
  readonly topK?: number;
  /** Cut the end of a text over the model's length instead of refusing it. */
  readonly truncate?: boolean;
}

export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** What a model is made of, wherever its weights came from. */
export interface ModelParts {
  readonly name: string;
  readonly task: ModelTask;
  readonly config: ModelConfig;
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  readonly tokenizer: Tokenizer;
  readonly params: Params;
}

export class Model {
  readonly name: string;
  readonly task: ModelTask;
  readonly config: ModelConfig;
  readonly labels: readonly string[];
  readonly tokenizer: Tokenizer;
  readonly #multiLabel: boolean;
  readonly #ops: Ops;
  readonly #params: Params;

  constructor(ops: Ops, { name, task, config, labels, multiLabel, tokenizer, params }: ModelParts) {
    this.name = name;
    this.task = task;
    this.config = config;
    this.labels = labels;
    this.tokenizer = tokenizer;
    this.#multiLabel = multiLabel;
    this.#ops = ops;
    this.#params = params;
  }

  /** Tokens of the longest text, without the separators around it. */
  get maxTokens(): number {
    return this.config.maxPositionEmbeddings - 2;
  }

  /**
   * Candidates for every `[MASK]` of the text, in order: a list a gap.
   * Throws `no_mask_token`, `text_too_long`, `unknown_target`, `unsupported_task`, `invalid_argument`.
   */
  async fillMask(text: string, options: FillMaskOptions = {}): Promise<FillMaskCandidate[][]> {
    this.#expectTask('fill-mask');
    const { targets, truncate = false } = options;
    if (options.topK !== undefined) checkTopK('fill-mask', options.topK);
    const ids = targets && targetIds(this.tokenizer, targets);
    const topK = options.topK ?? ids?.length ?? DEFAULT_TOP_K;
    const batch = gapBatch(this.tokenizer, text, this.config.maxPositionEmbeddings, truncate);
    const { table, bias } = vocabularyHead(this.#params);
    const ops = this.#ops;
    const logits = await ops.scope(() =>
      ops.read(ops.linear(gapStates(ops, this.#params, this.config, batch).gaps, table, bias)),
    ); // (G, V)
    const V = this.config.vocabSize;
    return Array.from({ length: batch.gapLength }, (_, gap) =>
      candidates(this.tokenizer, text, gap, logits.subarray(gap * V, (gap + 1) * V), topK, ids),
    );
  }

  /** The labels with their probabilities, best first. Throws `empty_text`, `text_too_long`, `unsupported_task`. */
  async classify(text: string, options: ClassifyOptions = {}): Promise<LabelScore[]> {
    this.#expectTask('text-classification');
    const { topK = this.labels.length, truncate = false } = options;
    checkTopK('classify', topK);
    const encoded = this.tokenizer.encode(text);
    if (encoded.length === 0) throw new LacunaError('empty_text', 'classify: the text must have a word, got none.');
    if (encoded.length > this.maxTokens && !truncate) {
      throw tooLong('classify', encoded.length, this.maxTokens, 'Ask to truncate.');
    }
    const kept = encoded.subarray(0, this.maxTokens);
    const inputIds = new Int32Array(kept.length + 2).fill(this.tokenizer.sepId);
    inputIds.set(kept, 1);
    const length = inputIds.length;
    const lengths = Int32Array.of(length);
    const batch = { kind: 'text', batchSize: 1, length, inputIds, lengths, targets: new Float32Array(0) } as const;
    const ops = this.#ops;
    const logits = await ops.scope(() => ops.read(classifierLogits(ops, this.#params, this.config, batch))); // (1, K)
    const scores = this.#multiLabel ? Array.from(logits, sigmoid) : softmax(logits);
    return this.labels
      .map((label, i) => ({ label, score: scores[i] as number }))
      .sort((a, b) => b.score - a.score)
      .slice(0, topK);
  }

  #expectTask(task: ModelTask): void {
    if (this.task === task) return;
    throw new LacunaError('unsupported_task', `${this.name}: expected a model for ${task}, got one for ${this.task}.`, {
      model: this.name,
      expected: task,
      got: this.task,
    });
  }
}

/** The artifact's model on a backend; weights are copied there, int8 ones as int8. */
export function loadModel(ops: Ops, artifact: Artifact): Model {
  return new Model(ops, {
    ...artifact,
    tokenizer: new Tokenizer(artifact.pieces),
    params: artifactParams(ops, artifact),
  });
}

function checkTopK(where: string, topK: number): void {
  if (Number.isInteger(topK) && topK >= 1) return;
  throw new LacunaError('invalid_argument', `${where}: topK must be a whole number above 0, got ${topK}.`, { topK });
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function softmax(logits: Float32Array): number[] {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = Array.from(logits, (x) => Math.exp(x - most));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((e) => e / sum);
}
