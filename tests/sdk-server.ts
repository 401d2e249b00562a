/** Serves folders to a page in Chromium, cross-origin isolated or not, and starts the browser that looks at them. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { browserPath } from './chromium.ts';
import { ROOT } from './repository.ts';

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
