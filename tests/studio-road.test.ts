/** The whole road in the page: from nothing to a published model that answers, on the embedded stories. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { StudioSite } from './studio-site.ts';

/** Minutes of training, and of distilling. */
const MINUTES = { train: '0.3', distil: '0.15' };
const TESTS = fileURLToPath(new URL('.', import.meta.url));

let site: StudioSite;

beforeAll(async () => {
  site = await StudioSite.start();
});

afterAll(() => site?.close());

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });

it('from an empty page to a published model that answers, and to snippets that get the same answer', {
  timeout: 180_000,
}, async () => {
  await site.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await site.open('data');

  await button(page, 'Use the embedded stories').click();
  await button(page, 'Train on these texts').click();

  await page.getByText('For experts').click();
  await page.getByRole('textbox', { name: 'Minutes' }).fill(MINUTES.train);
  await button(page, 'Start training').click();
  await button(page, 'Try it').click({ timeout: 60_000 });

  const gap = page.getByRole('region', { name: 'Gap 1' });
  await gap.getByRole('button').first().waitFor();
  const [, best = ''] =
    /^Put in (\S+?)(?: |✓|\d)/.exec((await gap.getByRole('button').first().textContent()) ?? '') ?? [];
  await gap.getByRole('button').first().click();
  await page.getByRole('button', { name: `${best}, filled in` }).waitFor();

  await page.getByRole('link', { name: /Distil/ }).click();
  await page.getByLabel('Encoder layers').selectOption('1');
  await page.getByLabel('Decoder layers').selectOption('1');
  await page.getByRole('textbox', { name: 'Minutes' }).fill(MINUTES.distil);
  await button(page, 'Start distilling').click();
  await page.getByText('is there,').waitFor({ timeout: 60_000 });
  await button(page, 'Compare').click();
  const compared = page.getByRole('region', { name: 'Side by side' });
  await compared.getByRole('row', { name: /^Top-1/ }).waitFor();
  const top1 = await compared
    .getByRole('row', { name: /^Top-1/ })
    .getByRole('cell')
    .allTextContents();
  const [teacher, student] = top1.map(Number.parseFloat);
  expect(teacher).toBeGreaterThan(10); // more than the commonest piece, which is right in 6 % of the gaps
  expect(student).toBeGreaterThan(10);
  await button(page, 'Measure').click();
  const report = page.getByRole('region', { name: 'What int8 costs' });
  await report.getByRole('row', { name: /^Top-1/ }).waitFor();

  await page
    .getByRole('link', { name: /Publish/ })
    .first()
    .click();
  await page.getByLabel('API key').fill(site.key);
  await button(page, 'Publish').click();
  await page.getByText(/^Published .+@[0-9a-f]{16},/).waitFor({ timeout: 20_000 });
  await page.getByLabel(/^Ask .+ at /).fill('Lucy is a [MASK] girl from the village.');
  await button(page, 'Ask').click();
  const answers = page.getByRole('region', { name: 'Ask it there' });
  await answers.getByText('The service answered in').waitFor();
  const shown = await answers.locator('.bar-label').allTextContents();
  expect(shown).toHaveLength(5);

  for (const [tab, run] of [
    ['curl', (text: string) => spawnSync('sh', ['-c', text], { encoding: 'utf8' })],
    ['fetch', inNode],
    ['SDK', inNode],
  ] as const) {
    await answers.getByRole('tab', { name: tab }).click();
    await button(page, 'Copy').click();
    await answers.getByText('Copied').waitFor();
    const { stdout, stderr } = run(await page.evaluate(() => navigator.clipboard.readText()));
    const answer = JSON.parse(stdout || JSON.stringify(stderr)) as { gaps: Gap[] } | Gap[];
    const [first] = Array.isArray(answer) ? answer : answer.gaps;
    expect(
      first?.map(({ token_str }) => token_str),
      tab,
    ).toEqual(shown);
  }
  expect(site.complaints).toEqual([]);
});

type Gap = readonly { readonly token_str: string }[];

function inNode(text: string) {
  return spawnSync(process.execPath, ['--input-type=module'], { input: text, cwd: TESTS, encoding: 'utf8' });
}
