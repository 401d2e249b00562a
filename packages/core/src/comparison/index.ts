/** Models held side by side, and how fast shapes answer. An entry of its own, as neither training nor answering takes it. A table of contents. */

export type { QuantizationReport, TensorError } from '../quantize/report.ts';
export {
  type Answer,
  type ComparedAnswer,
  type ComparedScores,
  type CompareOptions,
  type Comparison,
  compareModels,
  type HeldOutExample,
} from './comparison.ts';
export { int8Report } from './int8-report.ts';
export { type ShapeTiming, timeShape } from './shape-timing.ts';
