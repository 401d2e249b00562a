/** Table of contents of the kernels: every export of the built modules. */
export { gemm, gemmBatched, gemmInt8, gemmScratchBytes } from './gemm';
export { peak } from './peak';

/** The first byte after the module's static data: the backend's arena starts at or after it. */
export function heapBase(): usize {
  return __heap_base;
}
