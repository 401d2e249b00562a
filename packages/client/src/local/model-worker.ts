/** The program of a local model's Web Worker: the inference kernels and one artifact, asked over Comlink. */

import type { ModelConfig } from '@lacuna/core';
import { compileKernels, INFERENCE_KERNELS } from '@lacuna/core/browser';
import type { Explainer, ExplainOptions, Explanation } from '@lacuna/core/explain';
import {
  type Artifact,
  type ClassifyOptions,
  createWasmInference,
  type Filled,
  type FillMaskCandidate,
  type FillMaskOptions,
  type LabelScore,
  LacunaError,
  loadModel,
  type Model,
  type ModelTask,
  readArtifact,
} from '@lacuna/core/inference';
import { expose } from 'comlink';
import { modelBytes } from '../workers/model-bytes.ts';
import { type Outcome, outcomeOf } from '../workers/outcome.ts';

export interface ModelFacts {
  readonly name: string;
  readonly task: ModelTask;
  /** Empty for fill-mask. */
  readonly labels: readonly string[];
  /** Tokens of the longest text. */
  readonly maxTokens: number;
  /** Of the artifact. */
  readonly sizeBytes: number;
  /** Whether labels are independent and not exclusive. */
  readonly multiLabel: boolean;
  /** What `threshold: 'model'` stands for: null where none was chosen. */
  readonly threshold: number | null;
  readonly config: ModelConfig;
  readonly parameters: number;
  readonly quantization: Artifact['quantization'];
  /** Names the file's content, as at a service. */
  readonly version: string;
  /** Held-out quality and how it was made, as the file has them. */
  readonly metrics: Artifact['metrics'];
  readonly provenance: Artifact['provenance'];
}

export class ModelService {
  #model: Model | undefined;
  #artifact: Artifact | undefined;
  /** Made when it is first asked for: it takes the training kernels and a second copy of the weights. */
  #explainer: Promise<Explainer> | undefined;
  /** One explanation at a time. */
  #explaining: Promise<unknown> = Promise.resolve();

  load(source: string | Blob | Uint8Array): Promise<Outcome<ModelFacts>> {
    return outcomeOf(async () => {
      const [kernels, bytes] = await Promise.all([compileKernels(INFERENCE_KERNELS), modelBytes(source)]);
      const artifact = await readArtifact(bytes);
      const model = loadModel(createWasmInference(kernels), artifact);
      this.#model = model;
      this.#artifact = artifact;
      const { weights, pieces: _, sha256: __, ...facts } = artifact;
      const parameters = Object.values(weights).reduce((sum, { values }) => sum + values.length, 0);
      return { ...facts, parameters, maxTokens: model.maxTokens };
    });
  }

  fillMask(texts: readonly string[], options: FillMaskOptions): Promise<Outcome<FillMaskCandidate[][][]>> {
    return outcomeOf(async () => {
      const answers = [];
      for (const text of texts) answers.push(await this.#loaded.fillMask(text, options));
      return answers;
    });
  }

  fillOneByOne(texts: readonly string[], options: FillMaskOptions): Promise<Outcome<Filled[]>> {
    return outcomeOf(async () => {
      const answers = [];
      for (const text of texts) answers.push(await this.#loaded.fillOneByOne(text, options));
      return answers;
    });
  }

  classify(texts: readonly string[], options: ClassifyOptions): Promise<Outcome<LabelScore[][]>> {
    return outcomeOf(async () => {
      const answers = [];
      for (const text of texts) answers.push(await this.#loaded.classify(text, options));
      return answers;
    });
  }

  explain(text: string, options: ExplainOptions): Promise<Outcome<Explanation>> {
    return outcomeOf(async () => {
      const artifact = this.#artifact;
      if (!artifact) throw new LacunaError('internal', 'model: expected a loaded model, got none.');
      this.#explainer ??= import('./explainer.ts').then(({ makeExplainer }) => makeExplainer(artifact));
      const explainer = await this.#explainer;
      const explanation = this.#explaining.then(() => explainer.explain(text, options));
      this.#explaining = explanation.catch(() => {});
      return explanation;
    });
  }

  get #loaded(): Model {
    if (this.#model) return this.#model;
    throw new LacunaError('internal', 'model: expected a loaded model, got none.');
  }
}

expose(new ModelService());
