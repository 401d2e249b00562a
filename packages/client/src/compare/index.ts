/** Models held side by side in the browser: `@lacuna/client/compare`. A table of contents. */

export type {
  Answer,
  ComparedAnswer,
  ComparedScores,
  Comparison,
  HeldOutExample,
  QuantizationReport,
  ShapeTiming,
} from '@lacuna/core/comparison';
export { LacunaError } from '@lacuna/core/errors';
export type { ModelInput } from '../training/inputs.ts';
export { type CompareModelsOptions, compareModels, int8Report, timeShape } from './compare.ts';
