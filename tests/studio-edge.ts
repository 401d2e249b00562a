/** Studio as it is served: built, by the real edge service, with a key that may publish, and a browser that looks at it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { freePort, startEdgeServer } from '../packages/cli/src/edge-server.ts';
import { createRootKey, keySha256 } from '../packages/cli/src/service.ts';
import { startBrowser } from './sdk-server.ts';

export interface StudioEdge {
  readonly address: string;
  /** Of the service; may do everything. */
  readonly key: string;
  readonly browser: Browser;
  /** A page of its own storage at one of the sections; what it complains of is in `failures`. */
  open(section: string, options?: Parameters<Browser['newContext']>[0]): Promise<OpenedStudio>;
  close(): Promise<void>;
}

export interface OpenedStudio {
  readonly page: Page;
  readonly failures: readonly string[];
  close(): Promise<void>;
}

export async function startStudio(): Promise<StudioEdge> {
  const state = mkdtempSync(join(tmpdir(), 'lacuna-studio-'));
  const key = createRootKey();
  const vars = { ROOT_KEY_SHA256: keySha256(key) };
  const server = await startEdgeServer({ port: await freePort(), state, vars, output: 'ignore' });
  const browser = await startBrowser();
  const { address } = server;
  return {
    address,
    key,
    browser,
    async open(section, options) {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const failures: string[] = [];
      page.on('pageerror', ({ message }) => failures.push(message));
      page.on('console', (message) => {
        if (message.type() === 'error') failures.push(message.text());
      });
      await page.goto(`${address}/#${section}`);
      return { page, failures, close: () => context.close() };
    },
    async close() {
      await browser.close();
      await server.stop();
      rmSync(state, { recursive: true, force: true });
    },
  };
}
