import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { BUILDS, compileKernels, kernelPath } from './build.ts';

test.each(BUILDS)(
  'the committed %s kernels are what the source compiles to, byte for byte',
  async (build) => {
    const committed = await readFile(kernelPath(build));
    const rebuilt = await compileKernels(build);
    expect(Buffer.compare(committed, rebuilt), 'run `pnpm kernels` and commit both .wasm files').toBe(0);
  },
  60_000,
);

test('the plain build validates everywhere, and only the other one uses relaxed SIMD', async () => {
  const [simd, relaxed] = await Promise.all(BUILDS.map((build) => readFile(kernelPath(build))));
  expect(WebAssembly.validate(simd as Buffer)).toBe(true);
  expect(Buffer.compare(simd as Buffer, relaxed as Buffer)).not.toBe(0);
});
