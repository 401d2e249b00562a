/** What `simd.wasm` and `relaxed.wasm` export beside the forward pass. */
import type { InferenceKernels } from './kernels.ts';

type Kernel = (...args: number[]) => void;

export interface TrainingKernels extends InferenceKernels {
  attentionBackwardScratchBytes(keys: number, headSize: number): number;
  readonly adamw: Kernel;
  readonly attentionBackward: Kernel;
  readonly columnSums: Kernel;
  readonly gegluBackward: Kernel;
  readonly geluBackward: Kernel;
  readonly layerNormBackward: Kernel;
  readonly lerp: Kernel;
  readonly meanPoolBackward: Kernel;
  readonly rmsNormBackward: Kernel;
  readonly scatterAddRows: Kernel;
  readonly squaredNorm: (...args: number[]) => number;
  readonly tanhBackward: Kernel;
  readonly vocabularyGradientRows: (...args: number[]) => number;
}
