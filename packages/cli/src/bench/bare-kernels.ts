/** The built kernels with a memory of their own and nothing around them: for the peak loop and the kernel benchmark. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Contestant } from './timing.ts';

export type KernelBuild = 'simd' | 'relaxed';

/** The exports that the benchmarks call; pointers are byte offsets into `memory`. */
interface KernelExports {
  heapBase(): number;
  gemmScratchBytes(): number;
  gemmBatched(...sizesAndPointers: number[]): void;
  /** Returns the FLOPs done. */
  peak(passes: number, data: number): number;
}

export interface BareKernels {
  readonly build: KernelBuild;
  readonly memory: WebAssembly.Memory;
  readonly exports: KernelExports;
  /** Scratch for matrix multiplication. */
  readonly scratch: number;
  /** The first free byte. */
  readonly start: number;
}

const PAGE = 65_536;
const align = (offset: number) => Math.ceil(offset / 64) * 64;

/** Relaxed SIMD where the engine has it, plain otherwise; `freeBytes` are left for the caller's data. */
export async function bareKernels(freeBytes: number): Promise<BareKernels> {
  const read = (build: KernelBuild) =>
    readFile(fileURLToPath(import.meta.resolve(`@lacuna/core/kernels/${build}.wasm`)));
  const relaxed = await read('relaxed');
  const build = WebAssembly.validate(relaxed) ? 'relaxed' : 'simd';
  const memory = new WebAssembly.Memory({ initial: 16 });
  const { instance } = await WebAssembly.instantiate(build === 'relaxed' ? relaxed : await read('simd'), {
    env: { memory },
  });
  const exports = instance.exports as unknown as KernelExports;
  const scratch = align(exports.heapBase());
  const start = align(scratch + exports.gemmScratchBytes());
  memory.grow(Math.ceil((start + freeBytes) / PAGE));
  return { build, memory, exports, scratch, start };
}

/** Passes of the peak loop in one call: some 30 µs, short enough for the engine to replace it by optimised code soon. */
const PASSES = 20_000;

/** The multiply-add ceiling of this core as a contestant; `flops` are those of one repetition. */
export function peakLoop(kernels: BareKernels, data: number): Contestant & { readonly flops: number } {
  new Float32Array(kernels.memory.buffer, data, 56).fill(1e-3);
  const flops = kernels.exports.peak(PASSES, data);
  for (let i = 0; i < 1000; i++) kernels.exports.peak(PASSES, data);
  return { name: 'peak', flops, run: () => void kernels.exports.peak(PASSES, data) };
}
