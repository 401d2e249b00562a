/** Runs that a page keeps in the browser's storage: killed, resumed, locked, full disks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browserPath } from './chromium.ts';
import { buildPage, openPage, type ServedFolder, serveFolder } from './sdk-server.ts';
import './sdk-page.ts';

let folder: string;
/** With a profile on the disk, as a user's browser has. */
let browser: BrowserContext;
let served: ServedFolder;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lacuna-runs-'));
  await buildPage(join(folder, 'page'));
  served = await serveFolder(join(folder, 'page'), { isolated: true });
  browser = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: browserPath(),
    args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});

afterAll(async () => {
  await browser?.close();
  served?.close();
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

const STEPS = 40;

/** Begins a run that saves every fifth step; the page's `kept.trainer` is it. */
async function begin(page: Page, run: string, budget = STEPS): Promise<void> {
  await page.evaluate(
    ([name, steps]) => {
      kept.trainer = sdk.createTrainer({
        task: 'pretrain',
        run: name,
        text: { embedded: { stories: 2000 } },
        backend: 'wasm',
        lanes: 2,
        recipe: { budget: { steps }, dropout: 0.1 },
        checkpointEvery: { steps: 5 },
        progressMs: 0,
      });
    },
    [run, budget] as const,
  );
}

/** Listens to the page's run to its end: how it began and ended, and a checksum of its artifact. */
function ended(page: Page): Promise<{ began: number | undefined; complete: boolean; hash: string }> {
  return page.evaluate(async () => {
    const { trainer } = kept;
    if (!trainer) throw new Error('no run');
    const { events, failed } = await sdk.told(trainer);
    if (failed) throw new Error(`${failed.code}: ${failed.message}`);
    const start = events.find((event) => event.type === 'start');
    const { complete } = await trainer.done;
    const hash = await sdk.sha256(await trainer.export({ quantization: 'none' }));
    trainer.close();
    return { began: start?.step, complete, hash };
  });
}

describe('a tab that is killed at a random step', () => {
  it('loses at most what came after its last checkpoint: the resumed run ends with the weights of one that was not', async () => {
    const whole = await openPage(browser, served.address);
    await begin(whole, 'whole');
    const expected = await ended(whole);
    await whole.close();

    // After the first checkpoint and before the last steps.
    const killAt = 6 + Math.floor(Math.random() * (STEPS - 20));
    const doomed = await openPage(browser, served.address);
    const crashed = new Promise((resolve) => doomed.once('crash', resolve));
    const session = await browser.newCDPSession(doomed);
    await doomed.exposeFunction('reached', () => void session.send('Page.crash').catch(() => {}));
    await begin(doomed, 'killed');
    await doomed
      .evaluate(async (step) => {
        for await (const event of kept.trainer?.events ?? []) {
          if (event.type === 'progress' && event.step === step) {
            (globalThis as unknown as { reached(): void }).reached();
            await new Promise(() => {});
          }
        }
      }, killAt)
      .catch(() => {});
    await crashed;

    const reopened = await openPage(browser, served.address);
    const listed = await reopened.evaluate(() => sdk.listRuns());
    const saved = listed.find(({ run }) => run === 'killed');
    expect(saved).toMatchObject({ task: 'pretrain', complete: false });
    expect(saved?.step, `killed at ${killAt}`).toBeGreaterThanOrEqual(5);
    expect(saved?.step, `killed at ${killAt}`).toBeLessThan(STEPS);
    await reopened.evaluate(() => {
      kept.trainer = sdk.createTrainer({ task: 'resume', run: 'killed', progressMs: 0 });
    });
    const resumed = await ended(reopened);
    expect(resumed.began, `killed at ${killAt}`).toBeGreaterThan(0);
    expect(resumed, `killed at ${killAt}`).toEqual({ ...expected, began: resumed.began });
    expect(expected).toMatchObject({ began: 0, complete: true });

    // More steps, on one lane: other bits, which it says.
    const longer = await reopened.evaluate(async (steps) => {
      const trainer = sdk.createTrainer({ task: 'resume', run: 'whole', budget: { steps }, lanes: 1 });
      const { events, failed } = await sdk.told(trainer);
      trainer.close();
      return { failed, warnings: events.filter(({ type }) => type === 'warning'), last: events.at(-1) };
    }, STEPS + 3);
    expect(longer).toMatchObject({ warnings: [{ code: 'checkpoint_mismatch' }], last: { step: STEPS + 3 } });

    await reopened.evaluate(async () => {
      for (const { run } of await sdk.listRuns()) await sdk.deleteRun(run);
    });
    expect(await reopened.evaluate(() => sdk.listRuns())).toEqual([]);
    await reopened.close();
  });
});

describe('a kept run', () => {
  it('is said to be in use while it trains, and gives its model later as the trainer would have', async () => {
    const page = await openPage(browser, served.address);
    await begin(page, 'kept', 10);
    const other = await openPage(browser, served.address);
    const inUse = () =>
      other.evaluate(async () => (await sdk.listRuns()).map(({ run, inUse: isUsed }) => ({ run, isUsed })));
    await expect.poll(inUse).toEqual([{ run: 'kept', isUsed: true }]);
    const { hash } = await ended(page);
    await page.close();
    expect(await inUse()).toEqual([{ run: 'kept', isUsed: false }]);
    const facts = await other.evaluate(() => sdk.describeRun('kept'));
    expect(facts).toMatchObject({ task: 'pretrain', backend: 'wasm', lanes: 2, texts: ['embedded'] });
    const exported = await other.evaluate(async () => {
      const artifact = await sdk.exportRun('kept', { quantization: 'none' });
      const small = await sdk.exportRun('kept');
      const missing = await sdk.failing(sdk.exportRun('nobody'));
      await sdk.deleteRun('kept');
      return { hash: await sdk.sha256(artifact), isSmaller: small.length < artifact.length / 3, missing };
    });
    expect(exported).toMatchObject({ hash, isSmaller: true, missing: { code: 'checkpoint_not_found' } });
    await other.close();
  });
});

describe('a run’s name', () => {
  it('belongs to one tab while it trains, and to one run until that is deleted', async () => {
    const [first, second] = [await openPage(browser, served.address), await openPage(browser, served.address)];
    await begin(first, 'mine', 1000);
    await first.evaluate(async () => {
      for await (const event of kept.trainer?.events ?? []) if (event.type === 'progress') break;
      await kept.trainer?.pause();
    });
    const asked = (options: object) =>
      second.evaluate(async (given) => {
        const trainer = sdk.createTrainer(given as Parameters<typeof sdk.createTrainer>[0]);
        const { failed } = await sdk.told(trainer);
        trainer.close();
        return failed;
      }, options);
    const fresh = { task: 'pretrain', run: 'mine', text: 'A text.', backend: 'wasm', lanes: 1 };
    expect(await asked({ task: 'resume', run: 'mine' })).toMatchObject({ code: 'run_in_use', facts: { run: 'mine' } });
    expect(await asked(fresh)).toMatchObject({ code: 'run_in_use' });
    expect(await second.evaluate(() => sdk.failing(sdk.deleteRun('mine')))).toMatchObject({ code: 'run_in_use' });

    await first.evaluate(() => kept.trainer?.stop());
    expect(await asked(fresh)).toMatchObject({ code: 'run_exists', facts: { run: 'mine' } });
    expect(await asked({ task: 'resume', run: 'nobody' })).toMatchObject({ code: 'checkpoint_not_found' });
    const named = await second.evaluate(() => {
      try {
        sdk.createTrainer({ task: 'resume', run: '../x' });
        return 'taken';
      } catch (error) {
        return (error as { code?: string }).code;
      }
    });
    expect(named).toBe('invalid_argument');
    await second.evaluate(() => sdk.deleteRun('mine'));
    await Promise.all([first.close(), second.close()]);
  });
});

describe('a full disk', () => {
  it('refuses a new run’s text with disk_full and leaves nothing of it', async () => {
    const page = await openPage(browser, served.address);
    const session = await browser.newCDPSession(page);
    const origin = new URL(served.address).origin;
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
    const failed = await page.evaluate(async () => {
      const text = 'The cat sat on the mat.\n'.repeat(100_000);
      const trainer = sdk.createTrainer({ task: 'pretrain', run: 'large', text, backend: 'wasm', lanes: 1 });
      const { failed } = await sdk.told(trainer);
      trainer.close();
      return { failed, runs: await sdk.listRuns(), done: await sdk.failing(trainer.done) };
    });
    expect(failed).toMatchObject({ failed: { code: 'disk_full' }, runs: [], done: { code: 'disk_full' } });
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await page.close();
  });

  it('fails the save with disk_full and leaves the checkpoint before and the run as they were', async () => {
    const page = await openPage(browser, served.address);
    await begin(page, 'full', 1000);
    await page.evaluate(async () => {
      for await (const event of kept.trainer?.events ?? []) if (event.type === 'checkpoint') break;
      await kept.trainer?.pause();
    });
    const before = await page.evaluate(async () => sdk.sha256(await sdk.readRun('full')));
    const session = await browser.newCDPSession(page);
    const origin = new URL(served.address).origin;
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1000 });
    const failed = await page.evaluate(async () => {
      const { trainer } = kept;
      await trainer?.resume();
      const running = await sdk.failing((async () => trainer?.save())());
      await trainer?.pause();
      const paused = await sdk.failing((async () => trainer?.save())());
      return { running, paused, exported: (await trainer?.export())?.length };
    });
    const full = { code: 'disk_full', facts: { run: 'full', file: 'checkpoint.safetensors' } };
    expect(failed).toMatchObject({ running: full, paused: full });
    expect(failed.exported).toBeGreaterThan(100_000);
    const after = await page.evaluate(async () => sdk.sha256(await sdk.readRun('full')));
    expect(after).toBe(before);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    const done = await page.evaluate(async () => {
      await kept.trainer?.save();
      await kept.trainer?.stop();
      return kept.trainer?.done;
    });
    expect(done?.step).toBeGreaterThan(5);
    expect(await page.evaluate(async () => sdk.sha256(await sdk.readRun('full')))).not.toBe(before);
    await page.evaluate(() => sdk.deleteRun('full'));
    await page.close();
  });
});
