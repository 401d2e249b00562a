/** Models held side by side in the browser: `@lacuna/client/compare`. A table of contents. */

export type { QuantizationReport } from '@lacuna/core';
export type {
  Answer,
  ComparedAnswer,
  ComparedScores,
  Comparison,
  HeldOutExample,
  ShapeTiming,
} from '@lacuna/core/comparison';
export { LacunaError } from '@lacuna/core/errors';
export type { ModelInput } from '../training/inputs.ts';
export { type CompareModelsOptions, compareModels, quantizationReport, timeShape } from './compare.ts';
