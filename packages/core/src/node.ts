/** What the core offers in Node only: files, threads, kernels from disk. A table of contents. */

// backends: the specification, and kernels from disk
export { referenceBackend } from './backends/reference/training.ts';
export {
  dawnGpu,
  loadTfjsWasmBackend,
  loadUnfusedWebgpuBackend,
  loadWebgpuBackend,
} from './backends/tfjs/load-node.ts';
export type { GpuBackend } from './backends/tfjs/webgpu/load.ts';
export { type KernelBuild, loadKernels } from './backends/wasm/load-node.ts';
export { createWasmBackend } from './backends/wasm/training.ts';
// checkpoints on disk
export { loadCheckpoint, saveBytes, saveCheckpoint } from './checkpoint/node.ts';
// data: texts and tables on disk
export { openTable, openText } from './data/node/open.ts';
// training over threads
export { type LaneBackend, makeBackend } from './training/lane-backend-node.ts';
export { createLanes } from './training/lanes-node.ts';
