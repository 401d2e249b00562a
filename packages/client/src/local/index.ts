/** Models that answer in the browser: `@lacuna/client/local`. A table of contents. */

export { LacunaError } from '@lacuna/core/errors';
export type { AttentionMap, ExplainedToken, ExplainOptions, Explanation } from '@lacuna/core/explain';
export type { ModelInput } from '../training/inputs.ts';
export type { Candidate, ClassifyOptions, Filled, FillMaskOptions, LabelScore } from '../wire.ts';
export { type LocalModel, loadModel } from './load-model.ts';
