/** Compiles the kernels from disk, in Node. */
import { readFile } from 'node:fs/promises';
import { LacunaError } from '../../errors.ts';

export type KernelBuild = 'simd' | 'relaxed' | 'inference' | 'inference-relaxed';

const read = (build: KernelBuild) => readFile(new URL(`../../../kernels/${build}.wasm`, import.meta.url));

/** The named build; `auto` takes relaxed SIMD where the engine has it. Throws `backend_unavailable`. */
export async function loadKernels(build: KernelBuild | 'auto' = 'auto'): Promise<WebAssembly.Module> {
  if (build === 'auto') {
    const relaxed = await read('relaxed');
    return WebAssembly.validate(relaxed) ? WebAssembly.compile(relaxed) : loadKernels('simd');
  }
  const bytes = await read(build);
  if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  throw new LacunaError('backend_unavailable', `wasm: this engine cannot run the ${build} kernels. Use "auto".`, {
    build,
  });
}
