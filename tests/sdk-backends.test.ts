/** Which backend a page trains on, and what it loads for it: on a WebGPU by software, which is slow, in a real Chromium. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildPage, openPage, type ServedFolder, serveFolder, startBrowser } from './sdk-server.ts';
import './sdk-page.ts';

let folder: string;
let served: ServedFolder;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-backends-'));
  await buildPage(folder);
  served = await serveFolder(folder, { isolated: true });
  browser = await startBrowser(['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader']);
});

afterAll(async () => {
  await browser?.close();
  served?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Three steps on a backend: its events, and whether TensorFlow.js was loaded for them. */
async function trained(backend: 'auto' | 'wasm' | 'webgpu') {
  const page = await openPage(browser, served.address);
  const scripts: string[] = [];
  // Workers' scripts are told by the context, not by the page.
  page.context().on('response', async (response) => {
    if (response.url().endsWith('.js')) scripts.push(await response.text().catch(() => ''));
  });
  const told = await page.evaluate(async (name) => {
    const trainer = sdk.createTrainer({
      task: 'pretrain',
      text: { embedded: { stories: 300 } },
      config: 'tiny',
      backend: name,
      lanes: 1,
      recipe: { budget: { steps: 3 }, batchTokens: 256, length: 32 },
      samples: [],
      progressMs: 0,
    });
    const told = await sdk.told(trainer);
    trainer.close();
    return told;
  }, backend);
  await page.close();
  const losses = told.events.flatMap((event) => (event.type === 'progress' ? [event.loss] : []));
  const machine = told.events.find((event) => event.type === 'machine');
  return { ...told, losses, machine, loaded: scripts.some((text) => /WEBGPU_CPU_FORWARD/.test(text)) };
}

it('WebGPU learns what WebAssembly learns, and TensorFlow.js is loaded for WebGPU only', async () => {
  const wasm = await trained('wasm');
  expect([wasm.failed, wasm.loaded, wasm.losses.length]).toEqual([undefined, false, 3]);
  const gpu = await trained('webgpu');
  expect([gpu.failed, gpu.loaded]).toEqual([undefined, true]);
  expect(gpu.machine).toMatchObject({ backend: 'webgpu', lanes: 1, exchange: 'none' });
  // Where a device computes ahead, one report covers all steps since the last.
  const mean = wasm.losses.reduce((sum, loss) => sum + loss, 0) / wasm.losses.length;
  expect(Math.abs((gpu.losses.at(-1) as number) - mean)).toBeLessThan(1e-2);
}, 120_000);

it('auto times what is there, says what it measured, and takes the fastest', async () => {
  const { machine, failed } = await trained('auto');
  expect(failed).toBeUndefined();
  expect(machine?.timings.map(({ name }) => name).sort()).toEqual(['wasm', 'webgpu']);
  expect(machine?.backend).toBe(machine?.timings[0]?.name);
  expect(machine?.reason).toContain('took the least time');
}, 120_000);
