/** A loaded artifact that answers: the end of the road, the same code at the edge, in Node and in a browser. */
import type { Artifact } from '../artifact/artifact.ts';
import type { ModelTask } from '../artifact/metadata.ts';
import { artifactParams } from '../artifact/params.ts';
import { LacunaError } from '../errors.ts';
import { vocabularyHead } from '../losses/masked.ts';
import type { TextBatch } from '../model/batch.ts';
import { classifierLogits, pooledStates } from '../model/classifier.ts';
import type { ModelConfig } from '../model/config.ts';
import { gapStates } from '../model/masked.ts';
import type { Ops } from '../ops/ops.ts';
import type { Params } from '../tensor/tensor.ts';
import { Tokenizer } from '../text/tokenizer.ts';
import { candidates, DEFAULT_TOP_K, gapBatch, gapTokens, targetIds, tooLong } from './gaps.ts';
import type {
  ClassifyOptions,
  EmbedOptions,
  Filled,
  FillMaskCandidate,
  FillMaskOptions,
  LabelScore,
  ScoreOptions,
  TextScore,
} from './options.ts';
import { logProbabilities, scoringWork } from './scoring.ts';
import { encoderWork, gapWork, type WorkBudget } from './work.ts';

/** What a model is made of, wherever its weights came from. */
export interface ModelParts {
  readonly name: string;
  readonly task: ModelTask;
  readonly config: ModelConfig;
  readonly labels: readonly string[];
  readonly multiLabel: boolean;
  /** A classifier's own least score of a label, if one was chosen. */
  readonly threshold?: number | null;
  readonly tokenizer: Tokenizer;
  readonly params: Params;
}

export class Model {
  readonly name: string;
  readonly task: ModelTask;
  readonly config: ModelConfig;
  readonly labels: readonly string[];
  readonly tokenizer: Tokenizer;
  /** Whether labels are independent and not exclusive. */
  readonly multiLabel: boolean;
  /** What `threshold: 'model'` stands for: null where none was chosen. */
  readonly threshold: number | null;
  readonly #ops: Ops;
  readonly #params: Params;

  constructor(ops: Ops, { name, task, config, labels, multiLabel, threshold, tokenizer, params }: ModelParts) {
    this.name = name;
    this.task = task;
    this.config = config;
    this.labels = labels;
    this.tokenizer = tokenizer;
    this.multiLabel = multiLabel;
    this.threshold = threshold ?? null;
    this.#ops = ops;
    this.#params = params;
  }

  /** Tokens of the longest text, without the separators around it. */
  get maxTokens(): number {
    return this.config.maxPositionEmbeddings - 2;
  }

  /**
   * Candidates for every `[MASK]` of the text, in order: a list a gap. All gaps are filled at once: none sees another's.
   * Throws `no_mask_token`, `text_too_long`, `unknown_target`, `unsupported_task`, `invalid_argument`, `too_much_work`.
   */
  async fillMask(text: string, options: FillMaskOptions = {}): Promise<FillMaskCandidate[][]> {
    const asked = this.#gaps(text, options);
    const logits = await this.gapLogits(asked.tokens, options.budget);
    return logits.map((of, gap) => candidates(this.tokenizer, text, gap, of, asked.topK, asked.targets));
  }

  /**
   * Fills one gap at a time, the surest first, and reads the text anew with it: gaps agree with each other, at the price
   * of as many readings as there are gaps. Throws as `fillMask`.
   */
  async fillOneByOne(text: string, options: FillMaskOptions = {}): Promise<Filled> {
    const { tokens, topK, targets } = this.#gaps(text, options);
    /** Which gaps of `text` are left. */
    const open = [...tokens.filter((id) => id === this.tokenizer.maskId).keys()];
    const gaps: FillMaskCandidate[][] = open.map(() => []);
    let filled = text;
    while (open.length > 0) {
      const logits = await this.gapLogits(tokens, options.budget);
      const found = logits.map((of, gap) => candidates(this.tokenizer, filled, gap, of, topK, targets));
      const surest = found.reduce((best, of, i) => (score(of) > score(found[best]) ? i : best), 0);
      const best = found[surest]?.[0];
      if (best === undefined) break;
      gaps[open.splice(surest, 1)[0] as number] = found[surest] as FillMaskCandidate[];
      tokens[nth(tokens, this.tokenizer.maskId, surest)] = best.token;
      filled = best.sequence;
    }
    return { gaps, filled };
  }

  /**
   * The labels with their scores, best first.
   * Throws `empty_text`, `text_too_long`, `unsupported_task`, `invalid_argument`, `too_much_work`.
   */
  async classify(text: string, options: ClassifyOptions = {}): Promise<LabelScore[]> {
    this.#expectTask('text-classification');
    const { topK = this.labels.length, apply = this.multiLabel ? 'sigmoid' : 'softmax' } = options;
    const threshold = options.threshold === 'model' ? this.#ownThreshold() : options.threshold;
    checkCount('classify', 'topK', topK);
    const batch = this.#textBatch('classify', text, options);
    options.budget?.spend(encoderWork(this.config, batch.length));
    const ops = this.#ops;
    const logits = await ops.scope(() => ops.read(classifierLogits(ops, this.#params, this.config, batch))); // (1, K)
    const scores = apply === 'softmax' ? softmax(logits) : Array.from(logits, apply === 'sigmoid' ? sigmoid : (x) => x);
    return this.labels
      .map((label, i) => ({ label, score: scores[i] as number }))
      .filter((found) => threshold === undefined || found.score >= threshold)
      .sort((a, b) => b.score - a.score)
      .slice(0, topK);
  }

  #ownThreshold(): number {
    if (this.threshold !== null) return this.threshold;
    throw new LacunaError(
      'invalid_argument',
      `${this.name}: expected a model with a threshold of its own, got none. Give a number.`,
      { model: this.name },
    );
  }

  /** The mean of the encoder's states over the text, (C). Throws `empty_text`, `text_too_long`, `too_much_work`. */
  async embed(text: string, options: EmbedOptions = {}): Promise<number[]> {
    const batch = this.#textBatch('embed', text, options);
    options.budget?.spend(encoderWork(this.config, batch.length));
    const ops = this.#ops;
    const pooled = await ops.scope(() => ops.read(pooledStates(ops, this.#params, this.config, batch))); // (1, C)
    const length = (options.normalize ?? true) ? Math.hypot(...pooled) || 1 : 1;
    return Array.from(pooled, (x) => x / length);
  }

  /**
   * How likely the text is, token by token.
   * Throws `empty_text`, `text_too_long`, `unsupported_task`, `invalid_argument`, `too_much_work`.
   */
  async score(text: string, options: ScoreOptions = {}): Promise<TextScore> {
    this.#expectTask('fill-mask');
    const { inputIds: ids } = this.#textBatch('score', text, options);
    if (ids.includes(this.tokenizer.maskId)) {
      throw new LacunaError('invalid_argument', 'score: the text must have no gaps, got one. Fill it first.');
    }
    if (options.passes !== undefined) checkCount('score', 'passes', options.passes);
    const passes = Math.min(options.passes ?? ids.length, ids.length - 2);
    options.budget?.spend(scoringWork(this.config, ids.length - 2, passes));
    const found = await logProbabilities(this.#ops, this.#params, this.config, ids, passes);
    const log_likelihood = found.reduce((sum, log) => sum + log, 0);
    const tokens = Array.from(found, (log_probability, i) => {
      const token = ids[i + 1] as number;
      return { token, token_str: this.tokenizer.tokenOf(token), log_probability };
    });
    return { log_likelihood, pseudo_perplexity: Math.exp(-log_likelihood / found.length), tokens };
  }

  /** The text's tokens with its gaps, and what is asked of each gap. */
  #gaps(text: string, { topK, targets, truncate = false }: FillMaskOptions) {
    this.#expectTask('fill-mask');
    if (topK !== undefined) checkCount('fill-mask', 'topK', topK);
    const ids = targets && targetIds(this.tokenizer, targets);
    const tokens = gapTokens(this.tokenizer, text, this.config.maxPositionEmbeddings, truncate);
    return { tokens, topK: topK ?? ids?.length ?? DEFAULT_TOP_K, targets: ids };
  }

  /** A row of logits a gap, each (V): gaps are the mask tokens among `tokens`. Throws `too_much_work`. */
  async gapLogits(tokens: Int32Array, budget?: WorkBudget): Promise<Float32Array[]> {
    const batch = gapBatch(this.tokenizer, tokens);
    budget?.spend(gapWork(this.config, tokens.length + 2, batch.gapLength));
    const { table, bias } = vocabularyHead(this.#params);
    const ops = this.#ops;
    const logits = await ops.scope(() =>
      ops.read(ops.linear(gapStates(ops, this.#params, this.config, batch).gaps, table, bias)),
    ); // (G, V)
    const V = this.config.vocabSize;
    return Array.from({ length: batch.gapLength }, (_, gap) => logits.subarray(gap * V, (gap + 1) * V));
  }

  /** A whole text with its separators as a batch of one. */
  #textBatch(where: string, text: string, { truncate = false }: { readonly truncate?: boolean }): TextBatch {
    const encoded = this.tokenizer.encode(text);
    if (encoded.length === 0) throw new LacunaError('empty_text', `${where}: the text must have a word, got none.`);
    if (encoded.length > this.maxTokens && !truncate) {
      throw tooLong(where, encoded.length, this.maxTokens, 'Ask to truncate.');
    }
    const kept = encoded.subarray(0, this.maxTokens);
    const inputIds = new Int32Array(kept.length + 2).fill(this.tokenizer.sepId);
    inputIds.set(kept, 1);
    const { length } = inputIds;
    return {
      kind: 'text',
      batchSize: 1,
      length,
      inputIds,
      lengths: Int32Array.of(length),
      targets: new Float32Array(0),
    };
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

/**
 * The artifact's model on a backend; weights are copied there, int8 ones as int8. `cacheWords`: what its tokenizer keeps.
 */
export function loadModel(ops: Ops, artifact: Artifact, cacheWords?: number): Model {
  return new Model(ops, {
    ...artifact,
    tokenizer: new Tokenizer(artifact.pieces, cacheWords),
    params: artifactParams(ops, artifact),
  });
}

function checkCount(where: string, name: string, count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new LacunaError('invalid_argument', `${where}: ${name} must be a whole number above 0, got ${count}.`, {
    [name]: count,
  });
}

const score = (found: readonly FillMaskCandidate[] | undefined) => found?.[0]?.score ?? -1;

/** Where `value` stands for the n-th time, counted from 0. */
function nth(values: Int32Array, value: number, n: number): number {
  let at = values.indexOf(value);
  for (let i = 0; i < n; i++) at = values.indexOf(value, at + 1);
  return at;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function softmax(logits: Float32Array): number[] {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = Array.from(logits, (x) => Math.exp(x - most));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((e) => e / sum);
}
