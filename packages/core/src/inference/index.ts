/** What inference needs and nothing more: the Worker's bundle is made of this. A table of contents. */
export { type Artifact, type ArtifactHeader, hexOf, readArtifact } from '../artifact/artifact.ts';
export type { ModelTask } from '../artifact/metadata.ts';
export { PassingCheck, type Sha256Sink } from '../artifact/passing-check.ts';
export { createWasmInference } from '../backends/wasm/inference.ts';
export * from '../errors.ts';
export { DEFAULT_TOP_K, MASK } from './gaps.ts';
export { loadModel, Model, type ModelParts } from './model.ts';
export type {
  ClassifyOptions,
  EmbedOptions,
  Filled,
  FillMaskCandidate,
  FillMaskOptions,
  LabelScore,
  ScoreOptions,
  TextScore,
} from './options.ts';
export { servingBytes, WorkBudget } from './work.ts';
