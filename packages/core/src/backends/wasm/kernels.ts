/** The compiled kernels as typed functions. Pointers are byte offsets into the imported memory; 0 stands for none. */

type Kernel = (...args: number[]) => void;
type Counter = (...args: number[]) => number;

/** What `inference.wasm` and `inference-relaxed.wasm` export. */
export interface InferenceKernels {
  heapBase(): number;
  gemmScratchBytes(): number;
  attentionScratchBytes(keys: number, headSize: number): number;
  readonly accumulate: Kernel;
  readonly add: Kernel;
  readonly addRow: Kernel;
  readonly attention: Kernel;
  readonly dropout: Kernel;
  readonly gatherRows: Kernel;
  readonly gatherRowsInt8: Kernel;
  readonly geglu: Kernel;
  readonly gelu: Kernel;
  readonly gemm: Kernel;
  readonly gemmInt8: Kernel;
  readonly layerNorm: Kernel;
  readonly meanPool: Kernel;
  readonly rmsNorm: Kernel;
  readonly scale: Kernel;
  readonly tanh: Kernel;
  readonly topTargetRows: Kernel;
  readonly vocabularyLossRows: Counter;
  readonly vocabularyRankRows: Kernel;
}

/** An instance over a memory that JavaScript owns. */
export function instantiate<K extends InferenceKernels>(module: WebAssembly.Module, memory: WebAssembly.Memory): K {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as K;
}
