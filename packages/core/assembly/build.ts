/**
 * Builds the kernels from one AssemblyScript source; the bytes are reproducible.
 *
 *   simd.wasm       all of them
 *   relaxed.wasm    all of them, multiply-adds fused (relaxed SIMD)
 *   inference.wasm, inference-relaxed.wasm  the forward pass alone, for the edge, in both ways
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

export const BUILDS = ['simd', 'relaxed', 'inference', 'inference-relaxed'] as const;
export type Build = (typeof BUILDS)[number];

const assembly = dirname(fileURLToPath(import.meta.url));
const kernels = join(assembly, '..', 'kernels');

/** The committed file of a build. */
export function kernelPath(build: Build): string {
  return join(kernels, `${build}.wasm`);
}

/** Compiles one build; throws with the compiler's messages when the source is wrong. */
export async function compileKernels(build: Build): Promise<Uint8Array> {
  const stderr = asc.createMemoryStream();
  let wasm: Uint8Array | undefined;
  const { error } = await asc.main(
    [
      build.startsWith('inference') ? 'edge.ts' : 'index.ts',
      ...['--baseDir', assembly, '--outFile', 'kernels.wasm', '--runtime', 'stub', '-O3', '--converge', '--noAssert'],
      ...['--importMemory', '--noExportMemory', '--enable', build.endsWith('relaxed') ? 'simd,relaxed-simd' : 'simd'],
    ],
    {
      stdout: asc.createMemoryStream(),
      stderr,
      writeFile: (name, contents) => {
        if (name === 'kernels.wasm' && typeof contents !== 'string') wasm = contents;
      },
    },
  );
  if (error || !wasm) throw new Error(`kernels: ${build} does not compile.\n${stderr.toString()}`, { cause: error });
  return wasm;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await mkdir(kernels, { recursive: true });
  for (const build of BUILDS) {
    const wasm = await compileKernels(build);
    await writeFile(kernelPath(build), wasm);
    console.log(`kernels/${build}.wasm: ${wasm.length} bytes`);
  }
}
