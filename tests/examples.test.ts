/** The examples as a reader runs them: built by their own bundler, opened in Chromium, until their model answers. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSdk, writePackageJson } from '@lacuna/client/build';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from './repository.ts';
import { serveFolder, startBrowser } from './sdk-server.ts';

const EXAMPLES = `${ROOT}examples/`;
let folder: string;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-examples-'));
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Opens the page and waits for its model's answer. */
async function answerOf(address: string): Promise<{ answer: string; progress: string; failures: string[] }> {
  const page = await browser.newPage();
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(error.message));
  await page.goto(address);
  await page.waitForFunction(() => document.querySelector('#answer')?.textContent, undefined, { timeout: 45_000 });
  const read = (id: string) => page.evaluate((of) => document.getElementById(of)?.textContent ?? '', id);
  const told = { answer: await read('answer'), progress: await read('progress'), failures };
  await page.close();
  return told;
}

async function answerOfFolder(built: string) {
  const served = await serveFolder(built, { isolated: false });
  try {
    return await answerOf(served.address);
  } finally {
    served.close();
  }
}

const TRAINED = {
  answer: expect.stringMatching(/^(\S+, ){4}\S+$/),
  progress: expect.stringMatching(/^step \d+, loss [1-6]\.\d\d$/),
  failures: [],
};

it('a plain script trains a model and asks it', async () => {
  const built = join(folder, 'script');
  await buildSdk(join(built, 'lacuna'));
  cpSync(`${EXAMPLES}script/index.html`, join(built, 'index.html'));
  expect(await answerOfFolder(built)).toEqual(TRAINED);
});

it('a page built by esbuild trains a model and asks it', async () => {
  const built = join(folder, 'esbuild');
  const { status, stderr } = spawnSync(process.execPath, [`${EXAMPLES}esbuild/build.mjs`, built], { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  expect(await answerOfFolder(built)).toEqual(TRAINED);
});

it('a page built by Vite trains a model and asks it, with its workers and kernels among its assets', async () => {
  const built = join(folder, 'vite');
  const vite = join(dirname(createRequire(`${EXAMPLES}package.json`).resolve('vite/package.json')), 'bin/vite.js');
  const args = [vite, 'build', `${EXAMPLES}vite`, '--outDir', built, '--logLevel', 'error'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const assets = readdirSync(join(built, 'assets'));
  for (const part of [/^trainer-worker.*\.js$/, /^lane-worker.*\.js$/, /^model-worker.*\.js$/, /^relaxed.*\.wasm$/]) {
    expect(assets).toContainEqual(expect.stringMatching(part));
  }
  expect(await answerOfFolder(built)).toEqual(TRAINED);
});

/** Starts Vite's development server on a folder, and gives the page's answer. */
async function answerOfVite(root: string, options: object) {
  const { createServer } = await import(pathToFileURL(createRequire(`${EXAMPLES}package.json`).resolve('vite')).href);
  const cacheDir = join(folder, 'vite-cache', root);
  const server = { host: '127.0.0.1', port: 0 };
  const started = await createServer({ root, cacheDir, logLevel: 'error', ...options, server });
  try {
    await started.listen();
    return await answerOf(started.resolvedUrls.local[0]);
  } finally {
    await started.close();
  }
}

it("a page on Vite's development server trains a model and asks it", async () => {
  expect(await answerOfVite(`${EXAMPLES}vite`, {})).toEqual(TRAINED);
});

it("a page trains with the SDK as an installed package, on Vite's development server", async () => {
  const root = join(folder, 'installed');
  const installed = join(root, 'node_modules/@lacuna/client');
  for (const file of ['index.html', 'main.ts']) cpSync(`${EXAMPLES}vite/${file}`, join(root, file));
  await buildSdk(installed);
  await writePackageJson(installed);
  const options = { configFile: false, worker: { format: 'es' } };
  expect(await answerOfVite(root, options)).toEqual(TRAINED);
});
