/** A bare instance of the built kernels with its own memory, for the kernels' tests and benchmarks. Node only. */
import { readFile } from 'node:fs/promises';
import { type Build, kernelPath } from './build.ts';

type Exported = 'heapBase' | 'gemmScratchBytes' | 'gemm' | 'gemmBatched' | 'gemmInt8' | 'peak';

/** Every export takes and returns plain numbers: sizes, strides and byte offsets into `memory`. */
export type Kernels = Readonly<Record<Exported, (...args: number[]) => number>> & {
  readonly memory: WebAssembly.Memory;
};

/** Instantiates the committed build with `pages` pages of 64 kB. */
export async function instantiate(build: Build, pages: number): Promise<Kernels> {
  const memory = new WebAssembly.Memory({ initial: pages });
  const { instance } = await WebAssembly.instantiate(await readFile(kernelPath(build)), { env: { memory } });
  return { ...instance.exports, memory } as unknown as Kernels;
}
