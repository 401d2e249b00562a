/** Table of contents of what the forward pass needs: the module that the edge runs holds nothing else. */
export { attention, attentionScratchBytes } from './attention';
export { dropout } from './dropout';
export { accumulate, add, addRow, geglu, gelu, scale, tanh } from './elementwise';
export { gemm, gemmBatched, gemmScratchBytes } from './gemm';
export { gemmInt8 } from './gemm-int8';
export { layerNorm, rmsNorm } from './norm';
export { gatherRows, gatherRowsInt8, meanPool } from './rows';
export { topTargetRows, vocabularyLossRows, vocabularyRankRows } from './vocabulary';

/** The first byte after the module's static data: the backend's arena starts at or after it. */
export function heapBase(): usize {
  return __heap_base;
}
