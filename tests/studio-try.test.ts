/** Studio's last three sections in Chromium, with the models of the site: by keyboard, for screen readers, offline, refused. */
import { readFileSync } from 'node:fs';
import { parameterCount, readArtifact, studentConfig } from '@lacuna/core';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './repository.ts';
import { StudioSite, seriousViolations } from './studio-site.ts';

let site: StudioSite;
let page: Page;

beforeAll(async () => {
  site = await StudioSite.start();
});

afterAll(() => site?.close());

afterEach(() => page?.close());

const THEMES = ['light', 'dark'] as const;
const gaps = () => page.getByRole('region', { name: /^Gap \d$/ });
const focused = () =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
const status = (text: RegExp) => page.getByRole('status').filter({ hasText: text });

async function expectAccessible(): Promise<void> {
  for (const theme of THEMES) expect(await seriousViolations(page, theme), theme).toEqual([]);
}

/** Nothing moved by itself since the page was opened, but for digits that took the place of dots. */
async function expectNoShift(): Promise<void> {
  const shifts = await page.evaluate(() => watched.shifts);
  expect(shifts.filter(({ value }) => value > 0.005)).toEqual([]);
}

/** How much wider than the window the page is. */
const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe('the playground', () => {
  it('hides words, fills gaps and shows words again by keyboard alone', async () => {
    page = await site.open('try');
    await gaps().first().waitFor();
    await expectNoShift();
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.fill('Our river runs into the sea.');
    await text.focus();
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Our');
    await page.keyboard.press('End');
    expect(await focused()).toBe('sea');
    await page.keyboard.press('Space');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('Gap 1, hides river');
    await status(/^Gap 1: .+\. Gap 2: .+/).waitFor({ state: 'attached' });
    await page.keyboard.press('Enter');
    await status(/^Gap 1: [^.]+$/).waitFor({ state: 'attached' });
    expect(await focused()).toBe('river');
    await gaps().getByRole('button').first().focus();
    const [, best] = /^Put in (\S+) /.exec((await focused()) ?? '') ?? [];
    await page.keyboard.press('Enter');
    await page.getByText('No gap yet').waitFor();
    expect(await text.inputValue()).toBe(`Our river runs into the ${best}.`);
  });

  it('answers while one types, one by one where asked to, with the last text’s answer only', async () => {
    page = await site.open('try');
    const text = page.getByRole('textbox', { name: 'Text' });
    await gaps().first().waitFor();
    await text.fill('');
    await text.pressSequentially('He [MASK] the [MASK] and went [MASK].', { delay: 15 });
    await gaps().nth(2).waitFor();
    await page.getByLabel(/^Fill one by one/).check();
    const filled = page.getByText('All gaps filled:').locator('..');
    await filled.waitFor();
    expect(await filled.textContent()).toMatch(/^All gaps filled: He \S+ the \S+ and went \S+\.$/);
    expect(await gaps().count()).toBe(3);
    const waits = await page.evaluate(() => watched.inputDelays);
    expect(Math.max(0, ...waits)).toBeLessThan(100);
  });

  it('explains a label: what speaks for and against it, in numbers on demand, and who looks at whom', async () => {
    page = await site.open('try');
    await page.getByRole('combobox', { name: 'Model' }).selectOption('site:lacuna-sentiment');
    const text = page.getByRole('textbox', { name: 'Text' });
    await text.fill('A dull film with one brilliant scene.');
    await page.getByRole('combobox', { name: 'What speaks for' }).selectOption('positive');
    await page.getByText('Most against it: dull').waitFor();
    expect(await page.locator('.tint.against', { hasText: 'dull' }).count()).toBe(1);
    expect(await page.locator('.tint-number').count()).toBe(0);
    await page.getByRole('button', { name: 'Numbers' }).click();
    expect(await page.locator('.tint-number').allTextContents()).toContainEqual(expect.stringMatching(/^−\d\.\d\d$/));
    await page.getByRole('combobox', { name: 'Head' }).selectOption('1');
    await page.getByRole('combobox', { name: 'Token' }).selectOption({ label: '3. dull' });
    expect(await page.locator('.looked').textContent()).toMatch(/^dull looks most at:/);
    await expectAccessible();
  });

  it('opens a file, says why one is no model, and fits a phone', async () => {
    page = await site.open('try');
    const file = page.getByLabel('Model file');
    await file.setInputFiles({ name: 'notes.safetensors', mimeType: '', buffer: Buffer.from('no model at all') });
    await page.getByText(/artifact_/).waitFor();
    await file.setInputFiles(`${ROOT}models/lacuna-fill.safetensors`);
    await page.getByRole('option', { name: /lacuna-fill\.safetensors/ }).waitFor({ state: 'attached' });
    await gaps().first().waitFor();
    await page.setViewportSize({ width: 360, height: 800 });
    await page.getByText('Why this answer?').click();
    await page.getByText('Who looks at whom').waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    await expectAccessible();
  });
});

describe('distilling', () => {
  it('weighs and times a student before it is made, and says what it needs', async () => {
    page = await site.open('distil');
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}`) }).getByRole('cell');
    await page
      .getByText(/^[\d.]+ ms$/)
      .first()
      .waitFor();
    await expectNoShift();
    expect(await row('Parameters').allTextContents()).toEqual(['3,770,304', '2,884,800', '77 %']);
    await page.getByRole('combobox', { name: 'Width' }).selectOption('96');
    const { config } = await readArtifact(readFileSync(`${ROOT}models/lacuna-fill.safetensors`));
    const parameters = parameterCount(studentConfig(config, { hiddenSize: 96 }));
    expect((await row('Parameters').allTextContents())[1]).toBe(parameters.toLocaleString('en'));
    const time = () => row('An answer takes').nth(1).textContent();
    await expect.poll(time, { timeout: 20_000 }).toMatch(/^[\d.]+ ms$/);
    expect(await page.getByRole('button', { name: 'Start distilling' }).isDisabled()).toBe(true);
    await page.getByText('Distilling takes text').waitFor();
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await overflow()).toBeLessThanOrEqual(0);
    await expectAccessible();
  });
});

/** Rows of `text` and `label`, of which each tenth differs from the others. */
const reviews = Array.from({ length: 60 }, (_, i) =>
  i % 2 === 0 ? `A warm and funny film in ${i} scenes.,positive` : `A dull and empty film in ${i} scenes.,negative`,
);

async function openDataThenDistil(name: string, text: string): Promise<void> {
  page = await site.open('data');
  await page.getByLabel('Data file').setInputFiles({ name, mimeType: '', buffer: Buffer.from(text) });
  await page.getByRole('heading', { name }).waitFor();
  await page.getByRole('link', { name: /Distil/ }).click();
}

describe('a student', () => {
  it('of a classifier learns what its teacher answers, and is held beside it', async () => {
    await openDataThenDistil('reviews.csv', ['text,label', ...reviews].join('\n'));
    await page.getByRole('combobox', { name: 'Teacher' }).first().selectOption('site:lacuna-sentiment');
    await page.getByRole('combobox', { name: 'Passes over the data' }).selectOption('1');
    await page.getByRole('button', { name: 'Start distilling' }).click();
    await page.getByText('lacuna-sentiment student is there,').waitFor({ timeout: 40_000 });
    await page.getByRole('button', { name: 'Compare' }).click();
    const accuracy = page.getByRole('row', { name: /^Accuracy/ }).getByRole('cell');
    await accuracy.first().waitFor();
    expect((await accuracy.allTextContents())[0]).toBe('100.0 %');
    await page
      .getByText('They answer alike in every example.')
      .or(page.getByRole('region', { name: 'Answers of both models' }))
      .waitFor();
    await expectAccessible();
  });

  it('waits while it is paused, goes on, and is kept as it is when it is stopped', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => `The old town lies on the left bank of river number ${i}.`);
    await openDataThenDistil('towns.txt', lines.join('\n'));
    await page.getByRole('textbox', { name: 'Minutes' }).fill('5');
    await page.getByRole('button', { name: 'Start distilling' }).click();
    await page.getByRole('button', { name: 'Pause' }).click({ timeout: 30_000 });
    await status(/^Paused$/).waitFor({ state: 'attached' });
    const steps = () => page.locator('.distil-progress dd').last().textContent();
    const before = await steps();
    await page
      .getByRole('link', { name: /Publish/ })
      .first()
      .click();
    await page.getByRole('link', { name: /Distil/ }).click();
    expect(await steps()).toBe(before);
    await page.getByRole('button', { name: 'Go on' }).click();
    await status(/^Distilling$/).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByText('lacuna-fill student is there,').waitFor({ timeout: 30_000 });
    await page.getByText('Try it').click();
    await page
      .getByRole('option', { name: /^lacuna-fill student/ })
      .first()
      .waitFor({ state: 'attached' });
    await gaps().first().waitFor();
  });
});

describe('publishing', () => {
  it('says what is wrong with a key, a name that is taken, and an address where nobody answers', async () => {
    page = await site.open('publish');
    const download = page.getByRole('button', { name: 'Download int8' });
    await expect.poll(() => download.isEnabled(), { timeout: 10_000 }).toBe(true);
    await expectNoShift();
    const field = (name: string) => page.getByRole('textbox', { name, exact: true });
    const push = async () => page.getByRole('button', { name: 'Publish', exact: true }).click();
    await page.getByLabel('API key').fill('lk_0123456789abcdef_wrong');
    await push();
    await page.getByRole('alert').filter({ hasText: 'unauthorized' }).waitFor();
    await page.getByLabel('API key').fill(site.key);
    await push();
    await page.getByRole('alert').filter({ hasText: 'name_taken' }).waitFor();
    await field('Service').fill('http://localhost:1');
    await push();
    await page.getByText('Nothing answers there.').waitFor();
    await field('Name there').fill('No Name');
    expect(await page.getByRole('button', { name: 'Publish', exact: true }).isDisabled()).toBe(true);
    expect(await page.evaluate(() => Object.keys(localStorage).filter((key) => key === 'lacuna-service'))).toEqual([]);
    await expectAccessible();
  });

  it('publishes, asks, keeps the key only where it is told to, and works on a phone and offline', async () => {
    page = await site.open('publish');
    await page.setViewportSize({ width: 360, height: 800 });
    await page.getByRole('combobox', { name: 'Model' }).selectOption('site:lacuna-sentiment');
    await page.getByRole('textbox', { name: 'Name there' }).fill('mood');
    await page.getByLabel('API key').fill(site.key);
    await page.getByLabel('Keep the address and the key on this device').check();
    await page.getByRole('button', { name: 'Publish', exact: true }).click();
    await status(/^Published mood@/).waitFor();
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByText('The service answered in').waitFor();
    expect(await page.locator('.call-answer .bar-label').first().textContent()).toBe('positive');
    await page.getByText('Read the card').click();
    expect(await page.getByRole('region', { name: 'Model card' }).textContent()).toContain(
      '| Labels | `negative`, `positive` |',
    );
    expect(await overflow()).toBeLessThanOrEqual(0);
    await expectAccessible();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download int8' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('mood.safetensors');
    await site.context.setOffline(true);
    await page.getByText('You are offline.').waitFor();
    await site.context.setOffline(false);
    await page.reload();
    expect(await page.getByLabel('API key').inputValue()).toBe(site.key);
    await page.getByLabel('Keep the address and the key on this device').uncheck();
    await page.reload();
    expect(await page.getByLabel('API key').inputValue()).toBe('');
  });
});
