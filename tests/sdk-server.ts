/** Builds and serves the SDK to a page in Chromium, cross-origin isolated or not, and starts the browser that looks at them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lacuna } from '@lacuna/client/esbuild';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { browserPath } from './chromium.ts';
import { ROOT } from './repository.ts';

const PAGE =
  '<!doctype html><meta charset="utf-8"><title>page</title><script type="module" src="./sdk-page.js"></script>';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain',
};

export interface ServedFolder {
  readonly address: string;
  close(): void;
}

/** Files of `folder`, and under `/models/` the default models; an empty page for every other path. */
export async function serveFolder(folder: string, { isolated }: { readonly isolated: boolean }): Promise<ServedFolder> {
  const headers = isolated
    ? { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
    : {};
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://page').pathname);
    const file = path.startsWith('/models/') ? join(ROOT, path) : join(folder, path === '/' ? 'index.html' : path);
    const found = existsSync(file) && extname(file) !== '';
    const type = found ? (TYPES[extname(file)] ?? 'application/octet-stream') : 'text/html';
    response.writeHead(found || path === '/' ? 200 : 404, { ...headers, 'content-type': type });
    response.end(found ? readFileSync(file) : '<!doctype html><meta charset="utf-8"><title>page</title>');
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

export function startBrowser(args: readonly string[] = []): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath: browserPath(), args: ['--no-sandbox', ...quiet, ...args] });
}

/** Builds the tests' page with the SDK's plugin for esbuild into `outdir`. */
export async function buildPage(outdir: string): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('./sdk-page.ts', import.meta.url))],
    plugins: [lacuna()],
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir,
  });
  writeFileSync(join(outdir, 'index.html'), PAGE);
}

/** A page that holds the SDK. */
export async function openPage(browser: Browser | BrowserContext, address: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(address);
  await page.waitForFunction(() => 'sdk' in globalThis);
  return page;
}

/** The tests' page on two servers, and a browser: what most tests of the SDK run on. */
export class SdkSite {
  readonly #folder: string;
  readonly #browser: Browser;
  readonly #served: Readonly<Record<'isolated' | 'open', ServedFolder>>;

  private constructor(folder: string, browser: Browser, isolated: ServedFolder, open: ServedFolder) {
    this.#folder = folder;
    this.#browser = browser;
    this.#served = { isolated, open };
  }

  static async start(): Promise<SdkSite> {
    const folder = mkdtempSync(join(tmpdir(), 'lacuna-sdk-'));
    await buildPage(folder);
    const isolated = await serveFolder(folder, { isolated: true });
    return new SdkSite(folder, await startBrowser(), isolated, await serveFolder(folder, { isolated: false }));
  }

  /** A page, cross-origin isolated or open. */
  openPage(kind: 'isolated' | 'open'): Promise<Page> {
    return openPage(this.#browser, this.#served[kind].address);
  }

  /** Opens a page for as long as `use` takes. */
  async withPage<T>(kind: 'isolated' | 'open', use: (page: Page) => Promise<T>): Promise<T> {
    const page = await this.openPage(kind);
    try {
      return await use(page);
    } finally {
      await page.close();
    }
  }

  async close(): Promise<void> {
    await this.#browser.close();
    for (const served of Object.values(this.#served)) served.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
