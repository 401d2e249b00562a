/** What a page asks of a trainer. */
import type {
  Budget,
  DistillRecipe,
  FinetuneRecipe,
  ModelConfig,
  PretrainRecipe,
  Quantization,
  TokenizerJson,
} from '@lacuna/core';
import type { LabelledInput, ModelInput, TextInput } from './inputs.ts';

export type BackendName = 'wasm' | 'webgpu' | 'tfjs-wasm';

/** Where and how it runs; changes nothing that is learned but the order of sums. */
export interface MachineOptions {
  /** `auto`, the default, times a step of the model on each backend that is there and takes the fastest. */
  readonly backend?: BackendName | 'auto';
  /** Workers that share every batch, on WebAssembly; by default one less than the machine has cores, 1 to 4. */
  readonly lanes?: number;
  /** Where the `.wasm` files of `@tensorflow/tfjs-backend-wasm` are served, ending in `/`: without it there is no `tfjs-wasm`. */
  readonly wasmPaths?: string;
}

export interface RunOptions extends MachineOptions {
  /**
   * Keeps the run in the browser's storage under this name: its text, checkpoints and what is needed to go on after the tab was
   * closed. Letters, digits, dots, dashes, underscores and spaces. Without it the run lives as long as the page.
   */
  readonly run?: string;
  /** The same as `stop()`: a checkpoint is saved and the events end. */
  readonly signal?: AbortSignal;
  /** How often to save; a minute by default. */
  readonly checkpointEvery?: Budget;
  /** Least milliseconds between two progress events; 100 by default, 0 for every step. */
  readonly progressMs?: number;
}

export interface PretrainRun extends RunOptions {
  readonly task: 'pretrain';
  readonly text: TextInput | readonly TextInput[];
  /** Held-out text, scored now and then and at the end. */
  readonly validation?: TextInput | readonly TextInput[];
  readonly evaluateEvery?: Budget;
  /**
   * Go on from this model's weights, with its shape and vocabulary, and not from random ones: better where there is
   * little text. Then there can be no `config` and no `tokenizer`.
   */
  readonly model?: ModelInput;
  /** A preset's name, `tiny` by default, or a config; the vocabulary's size is the tokenizer's. */
  readonly config?: 'tiny' | 'small' | 'base' | ModelConfig;
  /** What differs from the recipe that suits the config's size, or the model to go on from. */
  readonly recipe?: Partial<PretrainRecipe>;
  /** A parsed `tokenizer.json`; without it one is trained on the text. */
  readonly tokenizer?: TokenizerJson;
  /** Texts with `[MASK]` whose gaps are filled now and then, to watch it learn; drawn from the text by default. */
  readonly samples?: readonly string[];
}

export interface FinetuneRun extends RunOptions {
  readonly task: 'finetune';
  /** The pre-trained model to start from. */
  readonly model: ModelInput;
  readonly data: LabelledInput;
  /** Held-out examples, scored after every epoch. */
  readonly validation?: LabelledInput;
  /** Learn from this classifier's answers and not from the labels. */
  readonly teacher?: ModelInput;
  /** With a teacher: new texts made of each by refilling gaps; 0 by default. */
  readonly variants?: number;
  /** The labels' names in order; those in the data by default. */
  readonly labels?: readonly string[];
  readonly recipe?: Partial<FinetuneRecipe>;
}

export interface DistillRun extends RunOptions {
  readonly task: 'distill';
  readonly teacher: ModelInput;
  readonly text: TextInput | readonly TextInput[];
  readonly validation?: TextInput | readonly TextInput[];
  readonly evaluateEvery?: Budget;
  /** The student's layers; half the teacher's by default. */
  readonly layers?: { readonly encoder?: number; readonly decoder?: number };
  /**
   * The student's width; the teacher's by default. A student of another width starts from random weights, not from the
   * teacher's layers, and learns from its answers alone.
   */
  readonly hiddenSize?: number;
  readonly recipe?: Partial<DistillRecipe>;
  readonly samples?: readonly string[];
}

/** Goes on with a run that was kept, from its last checkpoint: with its backend and lanes on WebAssembly with the same bits. */
export interface ResumedRun extends MachineOptions, Pick<RunOptions, 'signal' | 'progressMs'> {
  readonly task: 'resume';
  readonly run: string;
  /** A new budget in place of the run's own, e.g. to train longer; not for fine-tuning, which counts epochs. */
  readonly budget?: Budget;
}

export type TrainerOptions = PretrainRun | FinetuneRun | DistillRun | ResumedRun;

export interface ExportOptions {
  /** How requests name the model: lower-case letters, digits, dots and dashes; `model` by default. */
  readonly name?: string;
  /** `int8` by default. */
  readonly quantization?: Quantization;
}
