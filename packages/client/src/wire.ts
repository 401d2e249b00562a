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

export interface ServedModel {
  readonly name: string;
  readonly task: 'fill-mask' | 'text-classification';
  /** Whether requests that name no model get this one. */
  readonly default: boolean;
  readonly description?: string;
}

interface ModelOptions {
  /** A model's name; the default one of the task without it. */
  readonly model?: string;
  /** Cut a text that is too long instead of failing with `text_too_long`. */
  readonly truncate?: boolean;
  /** Candidates a gap, by default 5 or all targets; or labels, by default all. */
  readonly topK?: number;
}

export interface FillMaskOptions extends ModelOptions {
  /** Score these words only, each one piece of the model's vocabulary. */
  readonly targets?: readonly string[];
}

export type ClassifyOptions = ModelOptions;
