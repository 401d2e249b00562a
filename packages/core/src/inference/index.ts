/** What inference needs and nothing more: the Worker's bundle is made of this. A table of contents. */
export { type Artifact, readArtifact } from '../artifact/artifact.ts';
export type { ModelTask } from '../artifact/metadata.ts';
export { createWasmInference } from '../backends/wasm/inference.ts';
export * from '../errors.ts';
export { DEFAULT_TOP_K, type FillMaskCandidate, MASK } from './gaps.ts';
export {
  type ClassifyOptions,
  type FillMaskOptions,
  type LabelScore,
  loadModel,
  Model,
  type ModelParts,
} from './model.ts';
