import { readFile } from 'node:fs/promises';
import binaryen from 'assemblyscript/binaryen';
import { expect, test } from 'vitest';
import { BUILDS, type Build, compileKernels, kernelPath } from './build.ts';

test.each(BUILDS)(
  'the committed %s kernels are what the source compiles to, byte for byte',
  async (build) => {
    const committed = await readFile(kernelPath(build));
    const rebuilt = await compileKernels(build);
    expect(Buffer.compare(committed, rebuilt), 'run `pnpm kernels` and commit all four .wasm files').toBe(0);
  },
  60_000,
);

/** The names of the relaxed SIMD instructions in a module, one for each time that one stands there. */
function relaxedInstructions(bytes: Uint8Array): string[] {
  return (
    binaryen
      .readBinary(bytes)
      .emitText()
      .match(/\b\w+\.relaxed_\w+/g) ?? []
  );
}

test('only the relaxed builds use relaxed SIMD, so the others run wherever there is SIMD', async () => {
  const read = async (build: Build) => relaxedInstructions(await readFile(kernelPath(build)));
  expect(await read('simd')).toEqual([]);
  expect(await read('inference')).toEqual([]);
  for (const build of ['relaxed', 'inference-relaxed'] as const) {
    const fused = await read(build);
    expect(new Set(fused)).toEqual(new Set(['f32x4.relaxed_madd']));
    expect(fused.length).toBeGreaterThan(100);
  }
});
