/** Studio as a user has it: served by the edge API on the real workerd, opened in Chromium. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type EdgeServer, freePort, startEdgeServer } from '../packages/cli/src/edge-server.ts';
import { createRootKey, keySha256 } from '../packages/cli/src/service.ts';
import { startBrowser } from './sdk-server.ts';

export interface Violation {
  readonly rule: string;
  readonly impact: string | undefined;
  readonly at: readonly string[];
}

/** What the page went through since it was opened, from its own observers. */
export interface Watched {
  /** Milliseconds of main-thread tasks of 50 ms or more. */
  readonly longTasks: number[];
  /** From an input to the start of its handling, in milliseconds. */
  readonly inputDelays: number[];
  /** Layout shifts that no input caused. */
  readonly shifts: number[];
}

declare global {
  var watched: Watched;
  var interactiveAt: number | undefined;
}

export class StudioSite {
  readonly address: string;
  /** A key of the service that may do everything. */
  readonly key: string;
  readonly context: BrowserContext;
  /** What the console and the page's errors said. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #server: EdgeServer;
  readonly #state: string;

  private constructor(server: EdgeServer, key: string, browser: Browser, context: BrowserContext, state: string) {
    this.key = key;
    this.#server = server;
    this.#browser = browser;
    this.context = context;
    this.#state = state;
    this.address = `${server.address}/`;
  }

  static async start(): Promise<StudioSite> {
    const state = mkdtempSync(join(tmpdir(), 'lacuna-studio-'));
    const key = createRootKey();
    const vars = { ROOT_KEY_SHA256: keySha256(key) };
    const [server, browser] = await Promise.all([
      freePort().then((port) => startEdgeServer({ port, state, vars, output: 'ignore' })),
      startBrowser(),
    ]);
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    await context.addInitScript(watch);
    // As a script of the page it would be kept out by the page's own policy.
    await context.addInitScript({ content: axe.source });
    return new StudioSite(server, key, browser, context, state);
  }

  async open(section: string): Promise<Page> {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => message.type() === 'error' && this.complaints.push(message.text()));
    await page.goto(`${this.address}#${section}`);
    await page.waitForSelector('h1');
    return page;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
    rmSync(this.#state, { recursive: true, force: true });
  }
}

/** Runs in every page before its own scripts. */
function watch(): void {
  const watched: Watched = { longTasks: [], inputDelays: [], shifts: [] };
  globalThis.watched = watched;
  const observe = (options: PerformanceObserverInit & { durationThreshold?: number }, hear: (entry: never) => void) =>
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) hear(entry as never);
    }).observe(options);
  observe({ type: 'longtask' }, ({ duration }: PerformanceEntry) => watched.longTasks.push(duration));
  observe(
    { type: 'layout-shift', buffered: true },
    (shift: PerformanceEntry & { value: number; hadRecentInput: boolean }) => {
      if (!shift.hadRecentInput) watched.shifts.push(shift.value);
    },
  );
  observe({ type: 'event', durationThreshold: 16 }, ({ processingStart, startTime }: PerformanceEventTiming) =>
    watched.inputDelays.push(processingStart - startTime),
  );
  // The page can be used once it shows its first button: what draws it has set its handlers.
  new MutationObserver((_, observer) => {
    if (document.querySelector('main button') === null) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      globalThis.interactiveAt = performance.now();
    });
  }).observe(document, { childList: true, subtree: true });
}

/** Serious and critical findings of axe in a theme. */
export async function seriousViolations(page: Page, theme: 'light' | 'dark'): Promise<Violation[]> {
  await page.emulateMedia({ colorScheme: theme });
  const results = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run(document));
  return results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, nodes }) => ({
      rule: id,
      impact: impact ?? undefined,
      at: nodes.map(({ target, failureSummary }) => `${target.join(' ')}: ${failureSummary ?? ''}`),
    }));
}
