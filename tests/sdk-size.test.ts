/** What a page loads of the SDK, after gzip: files that it needs at once or for training on WebAssembly. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildSdk } from '@lacuna/client/build';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';

let folder: string;
let outputs: Awaited<ReturnType<typeof buildSdk>>['metafile']['outputs'];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-size-'));
  ({ outputs } = (await buildSdk(folder)).metafile);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The built file of a source. */
function fileOf(source: string): string {
  const found = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint?.endsWith(source));
  if (!found) throw new Error(`nothing was built of ${source}`);
  return found[0];
}

/** These files and what they import at once. */
function loadedBy(sources: readonly string[]): string[] {
  const reached = new Set<string>();
  const visit = (file: string) => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const { path, kind } of outputs[file]?.imports ?? []) if (kind === 'import-statement') visit(path);
  };
  for (const source of sources) visit(fileOf(source));
  return [...reached];
}

const textOf = (file: string) => readFileSync(join(folder, basename(file)));
const gzipped = (files: readonly string[]) => files.reduce((sum, file) => sum + gzipSync(textOf(file)).length, 0);

const TRAINING = [
  'client/src/training/index.ts',
  'client/src/training/trainer-worker.ts',
  'core/src/training/lane-worker.ts',
  'core/src/backends/wasm/training.ts',
];
const FROM_TFJS = /WEBGPU_CPU_FORWARD|registerKernel|tensorflow/i;

it('training takes at most 60 kB of JavaScript, without TensorFlow.js', () => {
  const files = loadedBy(TRAINING);
  expect(gzipped(files)).toBeLessThanOrEqual(60_000);
  expect(files.filter((file) => FROM_TFJS.test(textOf(file).toString()))).toEqual([]);
  // It is there, for those who ask for a backend over it.
  expect(Object.keys(outputs).some((file) => file.endsWith('.js') && FROM_TFJS.test(textOf(file).toString()))).toBe(
    true,
  );
});

it('the HTTP client alone takes at most 25 kB and starts no worker', () => {
  const files = loadedBy(['client/src/index.ts']);
  expect(gzipped(files)).toBeLessThanOrEqual(25_000);
  expect(files.map((file) => textOf(file).toString()).join('')).not.toMatch(/new Worker|\.wasm/);
});

it('a local model takes at most 36 kB, and what explains it is not among it', () => {
  const files = loadedBy(['client/src/local/index.ts', 'client/src/local/model-worker.ts']);
  expect(gzipped(files)).toBeLessThanOrEqual(36_000);
  expect(files).not.toContain(fileOf('client/src/local/explainer.ts'));
});

it('comparing models takes at most 40 kB', () => {
  const files = loadedBy(['client/src/compare/index.ts', 'client/src/compare/compare-worker.ts']);
  expect(gzipped(files)).toBeLessThanOrEqual(40_000);
});

it('the page itself loads little: the trainer’s side of the worker is at most 7 kB', () => {
  expect(gzipped(loadedBy(['client/src/training/index.ts']))).toBeLessThanOrEqual(7_000);
});

it('reading files takes at most 2 kB in a page of its own', async () => {
  const entryPoints = [fileURLToPath(import.meta.resolve('@lacuna/client/data'))];
  const { outputFiles } = await build({ entryPoints, bundle: true, minify: true, format: 'esm', write: false });
  expect(gzipSync(outputFiles[0]?.contents ?? '').length).toBeGreaterThan(500);
  expect(gzipSync(outputFiles[0]?.contents ?? '').length).toBeLessThanOrEqual(2_000);
});
