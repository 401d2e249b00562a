/** The core in a real Chromium: it trains there with the very bits that Node computes, and answers. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadKernels } from '@lacuna/core/node';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, run } from './browser-program.ts';
import { browserPath } from './chromium.ts';
import { ROOT } from './repository.ts';

const PAGE = `<!doctype html><meta charset="utf-8"><title>test</title><script type="module">
  import { run } from './program.js';
  globalThis.train = async (build) => {
    const compile = (name) => WebAssembly.compileStreaming(fetch('./' + name + '.wasm'));
    return run(await compile(build), await compile('inference'));
  };
  globalThis.trainInWorker = () => new Promise((resolve) => {
    const worker = new Worker('./worker/browser-worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve({ failed: message });
    worker.postMessage('go');
  });
</script>`;

const KERNELS = `${ROOT}packages/core/kernels/`;
const TFJS = dirname(createRequire(`${ROOT}packages/core/package.json`).resolve('@tensorflow/tfjs-backend-wasm'));

let server: Server;
let browser: Browser;
let address: string;
let served: readonly { readonly path: string; readonly text: string }[];

beforeAll(async () => {
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL('./browser-program.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  });
  const workerFiles = await build({
    entryPoints: [fileURLToPath(new URL('./browser-worker.ts', import.meta.url))],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: 'worker',
    write: false,
  });
  const files = new Map([['/program.js', bundled.outputFiles[0]?.text ?? '']]);
  for (const { path, text } of workerFiles.outputFiles) files.set(`/worker/${basename(path)}`, text);
  served = [...files].map(([path, text]) => ({ path, text }));
  server = createServer((request, response) => {
    const [, folder, name] = request.url?.match(/^\/(worker|tfjs)?\/?([\w-]+\.wasm)$/) ?? [];
    const [type, body] = name
      ? ['application/wasm', readFileSync(folder === 'tfjs' ? `${TFJS}/${name}` : KERNELS + name)]
      : files.has(request.url ?? '')
        ? ['text/javascript', files.get(request.url ?? '')]
        : ['text/html', PAGE];
    response.writeHead(200, { 'content-type': type }).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  const args = ['--no-sandbox', ...quiet, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
  browser = await chromium.launch({ executablePath: browserPath(), args });
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

describe.each(['simd', 'relaxed'] as const)('the %s kernels in Chromium', (kernels) => {
  it('train with the bits of Node, and the model fills the same gap', async () => {
    const page = await browser.newPage();
    const failures: string[] = [];
    page.on('pageerror', (error) => failures.push(error.message));
    await page.goto(address);
    const there = await page.evaluate(
      (name) => (globalThis as unknown as { train(name: string): Promise<Outcome> }).train(name),
      kernels,
    );
    await page.close();
    const here = await run(await loadKernels(kernels), await loadKernels('inference'));
    expect(failures).toEqual([]);
    expect(here.losses).toHaveLength(12);
    expect(here.losses.at(-1)).toBeLessThan((here.losses[0] as number) - 0.5);
    // Training's every bit comes from the kernels; an answer's last step is `Math.exp`, which engines round as they like.
    expect(there).toEqual({ ...here, score: expect.closeTo(here.score as number, 12) });
  });
});

describe('a Web Worker', () => {
  it('trains on every backend with the same losses', async () => {
    const page = await browser.newPage();
    await page.goto(address);
    const told = await page.evaluate(() =>
      (globalThis as unknown as { trainInWorker(): Promise<Readonly<Record<string, never>>> }).trainInWorker(),
    );
    await page.close();
    expect(told).toEqual({ curves: expect.anything() });
    const curves = told.curves as unknown as Readonly<Record<'wasm' | 'webgpu' | 'tfjs-wasm', readonly number[]>>;
    expect(curves.wasm[2]).toBeLessThan(curves.wasm[0] as number);
    for (const name of ['webgpu', 'tfjs-wasm'] as const) {
      expect(curves[name].map((loss, i) => Math.abs(loss - (curves.wasm[i] as number)) < 1e-3)).toEqual([
        true,
        true,
        true,
      ]);
    }
  });

  it('loads TensorFlow.js only for the backends over it', () => {
    const entry = served.find(({ path }) => path === '/worker/browser-worker.js')?.text ?? '';
    const reached = new Set<string>();
    const follow = (text: string) => {
      for (const [, name] of text.matchAll(/from "\.\/([\w-]+\.js)"/g)) {
        if (reached.has(name as string)) continue;
        reached.add(name as string);
        follow(served.find(({ path }) => path === `/worker/${name}`)?.text ?? '');
      }
    };
    follow(entry);
    const atOnce = [
      entry,
      ...[...reached].map((name) => served.find(({ path }) => path === `/worker/${name}`)?.text ?? ''),
    ];
    const fromTfjs = /WEBGPU_CPU_FORWARD|registerKernel/;
    expect(served.some(({ text }) => fromTfjs.test(text))).toBe(true);
    expect(atOnce.some((text) => fromTfjs.test(text))).toBe(false);
  });
});
