/** What goes over the wire, as the client's callers see it. */

/** One candidate for one gap. */
export interface Candidate {
  /** Probability over the whole vocabulary. */
  readonly score: number;
  /** The piece's id. */
  readonly token: number;
  readonly token_str: string;
  /** The text with this gap filled and the others left. */
  readonly sequence: string;
}

export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** A text whose gaps were filled one after the other. */
export interface Filled {
  readonly gaps: Candidate[][];
  /** The text with the best candidate in every gap. */
  readonly filled: string;
}

export interface TextScore {
  /** Sum over tokens, in nats. */
  readonly log_likelihood: number;
  /** exp of the mean over tokens, negated. */
  readonly pseudo_perplexity: number;
  readonly tokens: readonly { readonly token: number; readonly token_str: string; readonly log_probability: number }[];
}

export interface ServedModel {
  readonly name: string;
  readonly task: 'fill-mask' | 'text-classification';
  /** Whether requests that name no model get this one. */
  readonly default: boolean;
  readonly source: 'deployment' | 'stored';
  /** Names the content; ask for it with `name@version`. */
  readonly version?: string;
  readonly description?: string;
}

export interface PublishedModel {
  readonly name: string;
  readonly version: string;
  readonly task: 'fill-mask' | 'text-classification';
  readonly size_bytes: number;
  readonly created_at: string;
}

export type Scope = 'read' | 'write' | 'admin';

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly created_at: string;
}

interface TextOptions {
  /** A model's name, or `name@version`; the default one of the task without it. */
  readonly model?: string;
  /** Cut a text that is too long instead of failing with `text_too_long`. */
  readonly truncate?: boolean;
}

export interface FillMaskOptions extends TextOptions {
  /** Candidates a gap, by default 5 or all targets. */
  readonly topK?: number;
  /** Score these words only, each one piece of the model's vocabulary. */
  readonly targets?: readonly string[];
}

export interface ClassifyOptions extends TextOptions {
  /** Labels to give, by default all. */
  readonly topK?: number;
  /** Labels of at least this score only; `'model'`: the score that was chosen for the model on held-out texts. */
  readonly threshold?: number | 'model';
}

export interface EmbedOptions extends TextOptions {
  /** To length 1; true by default. */
  readonly normalize?: boolean;
}

export interface ScoreOptions extends TextOptions {
  /** Times that the model reads the text; by default once a token, which is exact. */
  readonly passes?: number;
}

export interface PublishOptions {
  readonly description?: string;
  /** Only if there is no model of the name yet: else `precondition_failed`. */
  readonly createOnly?: boolean;
  /** Told 0 to 1 as the file goes out, in pages and their workers; elsewhere, and with a `fetch` of your own, never. */
  readonly onProgress?: (fraction: number) => void;
}
