/** Table of contents of the kernels for training and benchmarks: the forward pass, its gradients, the optimizer. */
export { attentionBackward, attentionBackwardScratchBytes } from './attention-backward';
export { columnSums, gegluBackward, geluBackward, tanhBackward } from './elementwise-backward';
export * from './inference';
export { layerNormBackward, rmsNormBackward } from './norm-backward';
export { adamw, lerp, squaredNorm } from './optimizer';
export { peak } from './peak';
export { meanPoolBackward, scatterAddRows } from './rows';
export { vocabularyGradientRows } from './vocabulary-backward';
