/** The results page that is committed, and the page and plots of records made up here. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { learningCurve } from '../learning-curve.ts';
import { lacuna } from '../testing.ts';
import { resultsPage } from './page.ts';
import { barPlot, linePlot, ticks } from './plot.ts';
import { type Records, readRecords } from './records.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'lacuna-results-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the committed page and its plots are what the command writes of the committed records', () => {
  const page = resultsPage(readRecords(join(ROOT, 'bench')));
  for (const [name, content] of page)
    expect([name, readFileSync(join(ROOT, 'docs', name), 'utf8')]).toEqual([name, content]);
  const plots = readdirSync(join(ROOT, 'docs/plots')).map((name) => `plots/${name}`);
  expect(plots.sort()).toEqual([...page.keys()].filter((name) => name !== 'results.md').sort());
});

it('lacuna results writes the page, and takes plots away that it no longer shows', () => {
  const args = ['results', '--bench', join(ROOT, 'bench'), '--out', folder, '--json'];
  expect(lacuna(...args).status).toBe(0);
  writeFileSync(join(folder, 'plots/old.svg'), '<svg/>');
  const { json } = lacuna(...args);
  expect(readdirSync(join(folder, 'plots'))).not.toContain('old.svg');
  expect(readFileSync(join(folder, 'results.md'), 'utf8')).toBe(readFileSync(join(ROOT, 'docs/results.md'), 'utf8'));
  expect(json.files).toContain('results.md');
});

const none: Records = {
  curves: [],
  ablations: [],
  evaluations: new Map(),
  benchmarks: new Map(),
  published: [],
};
const pageOf = (records: Partial<Records>) => resultsPage({ ...none, ...records }).get('results.md') ?? '';

describe('the page', () => {
  it('says of what was not recorded that it was not', () => {
    expect(pageOf({}).match(/None recorded yet\./g)).toHaveLength(4);
  });

  it('puts teacher before student before what ships, and others’ figures apart, beside their set', () => {
    const one = (model: string, accuracy: number) => ({ model, accuracy, examples: 10 });
    const page = pageOf({
      evaluations: new Map([
        ['intent', one('shipped', 0.9)],
        ['intent.bag', one('any', 0.8)],
        ['intent.student', one('intent-student-1', 0.91)],
        ['intent.teacher', one('teacher', 0.95)],
      ]),
      published: [
        { set: 'intent', model: 'theirs', parameters: '1M', figure: 'accuracy', value: 93, source: 'a paper' },
        { set: 'emotion', model: 'elsewhere', parameters: '1M', figure: 'accuracy', value: 93, source: 'a paper' },
      ],
    });
    const places = [
      '| teacher |',
      '| student |',
      '| bag of n-grams |',
      '| shipped |',
      'Published, not measured here',
      '| theirs',
    ].map((text) => page.indexOf(text));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(page).not.toContain('elsewhere');
  });

  it('prints a difference in bold only where both intervals leave out 0', () => {
    const variant = (name: string, overSeeds: [number, number] | undefined, overTexts: [number, number]) => ({
      name,
      about: name,
      parameters: 10,
      arms: [],
      mean: { top1: 0.5, crossEntropy: 2 },
      sd: { top1: 0.1, crossEntropy: 0.1 },
      difference: { top1: { mean: 0.25, perSeed: [0.25], overTexts, ...(overSeeds ? { overSeeds } : {}) } },
    });
    const page = pageOf({
      ablations: [
        {
          ablation: 'made-up',
          about: 'made up',
          minutes: 1,
          slices: 1,
          seeds: [1],
          control: 'base',
          complete: true,
          variants: [
            variant('both', [0.1, 0.4], [0.2, 0.3]),
            variant('one', [-0.1, 0.6], [0.2, 0.3]),
            variant('alone', undefined, [0.2, 0.3]),
            variant('below', [-0.4, -0.1], [-0.3, -0.2]),
          ],
        },
      ],
    });
    const cells = (name: string) =>
      page
        .split('\n')
        .find((line) => line.startsWith(`| ${name} |`))
        ?.split(' | ');
    expect(['both', 'one', 'alone', 'below'].map((name) => cells(name)?.[6])).toEqual([
      '**+0.2500**',
      '+0.2500',
      '+0.2500',
      '**+0.2500**',
    ]);
    expect(cells('both')?.slice(7)).toEqual(['[+0.1000, +0.4000]', '[+0.2000, +0.3000] |']);
  });
});

describe('plots', () => {
  it('have round ticks that hold both ends', () => {
    expect(ticks(0.15, 0.2977)).toEqual([0.15, 0.175, 0.2, 0.225, 0.25, 0.275, 0.3]);
    expect(ticks(0, 15_746_752)).toEqual([0, 5e6, 1e7, 1.5e7, 2e7]);
    for (const [from, to] of [
      [-0.31, 0.02],
      [3, 3],
      [0, 0],
      [-1e-5, 2e-5],
    ] as const) {
      const marks = ticks(from, to);
      expect(marks.length).toBeGreaterThan(1);
      expect([(marks[0] as number) <= from, (marks.at(-1) as number) >= to]).toEqual([true, true]);
    }
  });

  it('draw each line where its points are, and text as text', () => {
    const svg = linePlot({
      title: 'a < b & c',
      xLabel: 'x',
      yLabel: 'y',
      lines: [
        {
          name: 'one',
          points: [
            [0, 0],
            [10, 1],
          ],
        },
      ],
    });
    expect(svg).toContain('<title>a &lt; b &amp; c</title>');
    // The area is 632 wide and 300 high, its lower left corner at (72, 336).
    expect(svg).toContain('points="72,336 704,36"');
    expect(svg).toContain('prefers-color-scheme:dark');
  });

  it('have powers of ten at equal distances where asked, without what has no logarithm', () => {
    const points = [1e6, 1e7, 0, 1e9].map((x, i) => [x, i / 3] as const);
    const svg = linePlot({ title: 't', xLabel: 'x', yLabel: 'y', lines: [{ name: 'one', points }], logX: true });
    expect(svg).toMatch(/points="72,336 282.7,\S+ 704,36"/);
    for (const tick of ['1M', '10M', '100M', '1G']) expect(svg).toContain(`>${tick}</text>`);
  });

  it('draw an interval from its one end to the other', () => {
    const svg = barPlot({ title: 't', xLabel: 'x', bars: [{ name: 'one', value: 0.5, intervals: [[0, 1]] }] });
    expect(svg).toContain('<line x1="200" y1="50" x2="704" y2="50"');
    expect(svg).toContain('<circle cx="452" cy="50"');
  });
});

describe('a learning curve', () => {
  const log = (...entries: (object | string)[]) => {
    const lines = entries.map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry)));
    writeFileSync(join(folder, 'log.jsonl'), lines.join('\n'));
    return folder;
  };
  const scored = (step: number) => ({
    type: 'evaluation',
    step,
    tokens: step * 100,
    seconds: step * 1.26,
    metrics: { top1: 0.123456, top5: 1, crossEntropy: 3 },
  });

  it('holds the evaluations, without those that a resumed run made again', () => {
    const points = learningCurve(
      log({ type: 'start' }, scored(10), scored(20), { type: 'resume', step: 15 }, scored(21)),
    );
    expect(points).toEqual([
      { step: 10, tokens: 1000, seconds: 13, top1: 0.1235, crossEntropy: 3 },
      { step: 21, tokens: 2100, seconds: 26, top1: 0.1235, crossEntropy: 3 },
    ]);
  });

  it('reads past a line that a killed run cut, and past no other', () => {
    expect(learningCurve(log(scored(1), '{"type":"eval'))).toHaveLength(1);
    expect(learningCurve(log(scored(1), '{"type":"progress","to{"type":"resume","step":1}', scored(2)))).toHaveLength(
      2,
    );
    const malformed = expect.objectContaining({ code: 'malformed_data', facts: expect.objectContaining({ line: 2 }) });
    expect(() => learningCurve(log(scored(1), 'nonsense', scored(2)))).toThrow(malformed);
  });

  it('is kept as a file', () => {
    const out = join(folder, 'curve.json');
    const run = log({ type: 'start' }, scored(10), { type: 'done', complete: true });
    const { status, json } = lacuna(
      'curve',
      '--model',
      run,
      '--name',
      'mine',
      '--about',
      'a run',
      '--out',
      out,
      '--json',
    );
    expect([status, json.points]).toEqual([
      0,
      [{ step: 10, tokens: 1000, seconds: 13, top1: 0.1235, crossEntropy: 3 }],
    ]);
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ name: 'mine', about: 'a run', complete: true });
  });

  it('of a folder without a log is refused', () => {
    expect(lacuna('curve', '--model', join(folder, 'plots'), '--json').json.error).toMatchObject({
      code: 'file_not_found',
    });
  });
});
