import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { BUILDS, compileKernels, kernelPath } from './build.ts';

test.each(BUILDS)(
  'the committed %s kernels are what the source compiles to, byte for byte',
  async (build) => {
    const committed = await readFile(kernelPath(build));
    const rebuilt = await compileKernels(build);
    expect(Buffer.compare(committed, rebuilt), 'run `pnpm kernels` and commit all three .wasm files').toBe(0);
  },
  60_000,
);

/** How often 0xFD (SIMD) is followed by an opcode from 0x100 to 0x112 (relaxed), as LEB128. */
function relaxedInstructions(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i + 2 < bytes.length; i++) {
    const [prefix = 0, low = 0, high = 0] = bytes.subarray(i, i + 3);
    if (prefix === 0xfd && low >= 0x80 && low <= 0x92 && high === 0x02) count++;
  }
  return count;
}

test('only the relaxed build uses relaxed SIMD, so the others run wherever there is SIMD', async () => {
  const counts = await Promise.all(BUILDS.map(async (build) => relaxedInstructions(await readFile(kernelPath(build)))));
  const byBuild = Object.fromEntries(BUILDS.map((build, i) => [build, counts[i]]));
  expect(byBuild).toEqual({ simd: 0, inference: 0, relaxed: expect.any(Number) });
  expect(byBuild.relaxed).toBeGreaterThan(100);
});
