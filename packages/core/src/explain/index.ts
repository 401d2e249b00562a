/** Why a model answered as it did. An entry of its own, so that what answers or trains does not carry it. A table of contents. */
export type { AttentionMap } from './attention.ts';
export { type ExplainedToken, Explainer, type ExplainOptions, type Explanation } from './explainer.ts';
