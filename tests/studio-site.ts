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
  /** Layout shifts that no input caused, and what moved. */
  readonly shifts: { readonly value: number; readonly moved: readonly string[] }[];
}

/** Not among the DOM's types. */
interface LayoutShift {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node: Node | null }[];
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

/** One event of Chromium's tracing: microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/**
 * The milliseconds that the longest task of the pages' main threads computed while `work` went on. By the processor's time:
 * on a machine with more threads than cores a task also waits, which is not the page's doing.
 */
export async function longestTask(page: Page, work: () => Promise<void>): Promise<number> {
  const browser = page.context().browser();
  if (!browser) throw new Error('studio: expected a browser that can be traced');
  await browser.startTracing(page, { categories: ['toplevel'] });
  await work();
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] };
  const thread = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const names = trace.traceEvents.filter(({ name }) => name === 'thread_name');
  const mains = new Set(names.filter(({ args }) => args?.name === 'CrRendererMain').map(thread));
  const tasks = trace.traceEvents.filter((event) => event.tdur !== undefined && mains.has(thread(event)));
  if (tasks.length < 100) throw new Error(`studio: expected the tasks of a page that works, got ${tasks.length}`);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
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
  observe({ type: 'layout-shift', buffered: true }, ({ value, hadRecentInput, sources }: LayoutShift) => {
    if (hadRecentInput) return;
    watched.shifts.push({ value, moved: sources.map(({ node }) => node?.textContent?.slice(0, 40) ?? 'gone') });
  });
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
