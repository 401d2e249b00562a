import { expect, it } from 'vitest';
import { edgeBundle, gzipBytes } from './edge-bundle.ts';

const files = edgeBundle();

it('is a script and the kernels, at most 300 kB after gzip', () => {
  const names = ['index.js', 'inference-relaxed.wasm'];
  expect(files.map(({ name }) => name.replace(/^[0-9a-f]+-/, '')).sort()).toEqual(names);
  expect(gzipBytes(files)).toBeLessThanOrEqual(300_000);
});

it('holds neither TensorFlow.js nor anything that trains or writes ONNX', () => {
  const readable = edgeBundle({ readable: true });
  const script = readable.find(({ name }) => name.endsWith('.js'))?.bytes.toString('utf8') ?? '';
  expect(script).toContain('ModelCache = class');
  expect(script).toContain('fill-mask');
  expect(script).not.toMatch(/[tT]ensor[fF]low|tfjs|[a-z]Backward|WithGradient|adamw|class Tape|[oO]nnx/);
});

it('has kernels for the forward pass only', async () => {
  const wasm = files.find(({ name }) => name.endsWith('.wasm'))?.bytes ?? Buffer.alloc(0);
  const names = WebAssembly.Module.exports(await WebAssembly.compile(new Uint8Array(wasm))).map(({ name }) => name);
  expect(names).toContain('attention');
  expect(names.filter((name) => /backward|gradient|adamw|lerp|scatter|columnSums/i.test(name))).toEqual([]);
});
