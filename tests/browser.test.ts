/** The core in a real Chromium: it trains there with the very bits that Node computes, and answers. */
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
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
</script>`;

let server: Server;
let browser: Browser;
let address: string;

beforeAll(async () => {
  const bundled = await build({
    entryPoints: [fileURLToPath(new URL('./browser-program.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
  });
  const program = bundled.outputFiles[0]?.text ?? '';
  server = createServer((request, response) => {
    const [, build] = request.url?.match(/^\/(simd|relaxed|inference)\.wasm$/) ?? [];
    const [type, body] = build
      ? ['application/wasm', readFileSync(`${ROOT}packages/core/kernels/${build}.wasm`)]
      : request.url === '/program.js'
        ? ['text/javascript', program]
        : ['text/html', PAGE];
    response.writeHead(200, { 'content-type': type }).end(body);
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const args = ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
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
