/** What the core offers in browsers only: kernels over the network, WebGPU. A table of contents. */

// backends: own kernels, and TensorFlow.js's where they are asked for
export {
  type BrowserBackend,
  compileKernels,
  INFERENCE_KERNELS,
  type KernelUrls,
  makeBrowserBackend,
  TRAINING_KERNELS,
} from './backends/load-browser.ts';
export type { GpuBackend } from './backends/tfjs/webgpu/load.ts';
export { createWasmInference } from './backends/wasm/inference.ts';
