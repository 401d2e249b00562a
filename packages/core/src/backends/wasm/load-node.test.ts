import { readFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { loadKernels } from './load-node.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const names = (module: WebAssembly.Module) => WebAssembly.Module.exports(module).map(({ name }) => name);

it('loads each build; the edge’s has no kernel of training', async () => {
  expect(names(await loadKernels('simd'))).toContain('adamw');
  expect(names(await loadKernels('relaxed'))).toContain('adamw');
  expect(names(await loadKernels('inference'))).not.toContain('adamw');
  expect(names(await loadKernels('inference-relaxed'))).not.toContain('adamw');
});

it('an engine without relaxed SIMD gets the plain build, and is told when it asks for the other', async () => {
  const size = (build: string) => readFileSync(new URL(`../../../kernels/${build}.wasm`, import.meta.url)).byteLength;
  const sizeOf = (bytes: unknown) => (bytes as Uint8Array).byteLength;
  const validate = WebAssembly.validate;
  vi.spyOn(WebAssembly, 'validate').mockImplementation((bytes) => sizeOf(bytes) !== size('relaxed') && validate(bytes));
  const compile = vi.spyOn(WebAssembly, 'compile');
  await loadKernels('auto');
  expect(compile.mock.calls.map(([bytes]) => sizeOf(bytes))).toEqual([size('simd')]);
  await expect(loadKernels('relaxed')).rejects.toMatchObject({ code: 'backend_unavailable' });
});
