/** What can be asked of a model, and what it answers. Field names of answers are the wire's. */
import type { WorkBudget } from './work.ts';

interface TextOptions {
  /** Cut a text over the model's length instead of refusing it. */
  readonly truncate?: boolean;
  /** What the request may still cost; no limit without it. */
  readonly budget?: WorkBudget;
}

/** `truncate` keeps a window around the gaps. */
export interface FillMaskOptions extends TextOptions {
  /** Candidates a gap; by default 5, or all targets. */
  readonly topK?: number;
  /** Score these words only, each one piece of the vocabulary. */
  readonly targets?: readonly string[];
}

/** `truncate` cuts the end, here and below. */
export interface ClassifyOptions extends TextOptions {
  /** Labels to give, best first; all by default. */
  readonly topK?: number;
  /** Give labels of at least this score only; `'model'`: the score that was chosen for the model on held-out texts. */
  readonly threshold?: number | 'model';
  /** From logits to scores; by default what the model was trained with. */
  readonly apply?: 'softmax' | 'sigmoid' | 'none';
}

export interface EmbedOptions extends TextOptions {
  /** To length 1, so that a dot product is the cosine; true by default. */
  readonly normalize?: boolean;
}

export interface ScoreOptions extends TextOptions {
  /** Times that the model reads the text; by default once a token, the exact score. */
  readonly passes?: number;
}

export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** A text whose gaps were filled one after the other. */
export interface Filled {
  /** The candidates of every gap in order, as they were when it was its turn. */
  readonly gaps: FillMaskCandidate[][];
  /** The text with the best candidate in every gap. */
  readonly filled: string;
}

/** One candidate for one gap; field names as in the Hugging Face API. */
export interface FillMaskCandidate {
  /** Probability over the whole vocabulary. */
  readonly score: number;
  /** The piece's id. */
  readonly token: number;
  /** The piece without its `##`. */
  readonly token_str: string;
  /** The text with this gap filled and the others left. */
  readonly sequence: string;
}

export interface TextScore {
  /** Sum over tokens, in nats. */
  readonly log_likelihood: number;
  /** exp of the mean over tokens, negated: 1 for a text without surprise. */
  readonly pseudo_perplexity: number;
  readonly tokens: readonly {
    readonly token: number;
    /** As the vocabulary spells it. */
    readonly token_str: string;
    readonly log_probability: number;
  }[];
}
