/** A plan as its users run it: small models on the embedded corpus, in an output folder of this test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CONFIGS } from '@lacuna/core';
import { afterAll, describe, expect, it } from 'vitest';
import { lacuna } from '../testing.ts';
import { ArmRun } from './arm.ts';
import { armsOf, shippedPlans } from './plan.ts';
import type { AblationReport } from './report.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-ablation-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = { ...CONFIGS.tiny, hiddenSize: 16, numHiddenLayers: 1, intermediateSize: 24, vocabSize: 150 };
const tokenizer = {
  step: 'tokenizer',
  command: 'tokenizer',
  options: { text: ['embedded'], 'vocab-size': 150, 'tokenizer-bytes': 100000, out: '$OUT/tokenizer.json' },
};
const common = { text: ['embedded'], valid: ['embedded:2'], tokenizer: '$OUT/tokenizer.json', 'batch-tokens': '128' };
const ablation = {
  command: 'pretrain',
  minutes: 0.02,
  seeds: [1, 2],
  slices: 2,
  control: 'plain',
  config,
  options: { ...common, 'valid-windows': 4, ratio: '0.3' },
  variants: [
    { name: 'plain', about: 'plain queries', config: { decoderQueries: 'plain' } },
    { name: 'falling', about: 'the ratio falls', options: { ratio: null } },
    { name: 'rounded', about: 'plain in int8', model: '$OUT/small/plain-$SEED', int8: true },
  ],
  score: { text: ['embedded:3'], windows: 8, length: 32 },
};

function plan(name: string, changes: object = {}): string {
  const value = { about: 'a plan', steps: [tokenizer], ablation: { ...ablation, ...changes } };
  writeFileSync(at(name), JSON.stringify(value));
  return at(name);
}

const line = (path: string, ...rest: string[]) => ['ablation', 'run', path, '--out', at('out'), ...rest, '--json'];
const run = (path: string, ...rest: string[]) => lacuna(...line(path, ...rest));
const stamp = (arm: string) => statSync(at(`out/small/${arm}/checkpoint.safetensors`)).mtimeMs;

describe('lacuna ablation run', () => {
  it('trains every variant for the minutes in turns, and tells what it differs by', () => {
    const { status, json, stderr } = run(plan('small.json'), '--seeds', '1');
    expect([status, stderr.match(/error.*/)?.[0]]).toEqual([0, undefined]);
    const report = json as unknown as AblationReport;
    expect(report).toMatchObject({ complete: true, seeds: [1], control: 'plain' });
    const turns = [...stderr.matchAll(/turn (\d) of 2: (\S+)/g)].map((match) => `${match[1]} ${match[2]}`);
    const order = ['plain-1', 'falling-1'];
    expect(turns).toEqual([...order.map((arm) => `1 ${arm}`), ...order.toReversed().map((arm) => `2 ${arm}`)]);
    const [plain, falling, rounded] = report.variants;
    for (const variant of [plain, falling]) {
      const [arm] = variant?.arms ?? [];
      expect(arm?.seconds).toBeGreaterThanOrEqual(60 * ablation.minutes);
      expect(arm?.curve.at(-1)).toMatchObject({ tokens: arm?.tokens, top1: expect.any(Number) });
      expect(variant?.mean?.crossEntropy).toBeLessThan(Math.log(150) + 1);
    }
    expect(plain).not.toHaveProperty('difference');
    expect(rounded?.arms[0]?.tokens).toBe(plain?.arms[0]?.tokens);
    const difference = falling?.difference?.crossEntropy;
    const means = [falling, plain].map((variant) => variant?.mean?.crossEntropy ?? Number.NaN);
    expect(difference?.mean).toBeCloseTo((means[0] ?? 0) - (means[1] ?? 0), 9);
    // Rounding weights changes little, but something.
    const rounding = Math.abs(rounded?.difference?.crossEntropy?.mean ?? 0);
    expect([rounding > 0, rounding < 0.1]).toEqual([true, true]);
  });

  it('adds seeds to those that are there, which it leaves alone, and keeps the result where asked', () => {
    const before = stamp('plain-1');
    const { json } = run(plan('small.json'), '--result', at('result.json'));
    expect(stamp('plain-1')).toBe(before);
    const report = json as unknown as AblationReport;
    const [, falling] = report.variants;
    expect(falling?.arms.map(({ seed }) => seed)).toEqual([1, 2]);
    expect(falling?.difference?.top1?.overSeeds).toHaveLength(2);
    const { date, commit, ...kept } = JSON.parse(readFileSync(at('result.json'), 'utf8'));
    expect([typeof date, typeof commit]).toEqual(['string', 'string']);
    expect(kept.variants).toEqual(report.variants);
  });

  it('runs chosen variants alone, and tells what is known of the others', () => {
    for (const arm of ['falling-1', 'rounded-1', 'rounded-2']) rmSync(at(`out/small/${arm}.json`));
    const chosen = run(plan('small.json'), '--variants', 'rounded');
    const { complete, variants } = chosen.json as unknown as AblationReport;
    expect(chosen.stderr).not.toContain('turn');
    expect([complete, variants.map(({ arms }) => arms.map(({ seed }) => seed))]).toEqual([
      false,
      [[1, 2], [2], [1, 2]],
    ]);
    expect(run(plan('small.json'), '--variants', 'plain', 'falling').json).toMatchObject({ complete: true });
    const { status, json } = run(plan('small.json'), '--variants', 'plain', 'nobody');
    expect([status, json.error]).toMatchObject([2, { code: 'invalid_argument' }]);
  });

  it('refuses to go on with other minutes, as the schedule would be another one', () => {
    rmSync(at('out/small/falling-2.json'));
    const { status, json } = run(plan('small.json'), '--minutes', '0.03');
    expect([status, json.error]).toMatchObject([1, { code: 'recipe_mismatch' }]);
    expect(run(plan('small.json')).status).toBe(0);
  });

  it('compares runs that are there, and trains none', () => {
    const runs = ['plain', 'falling'].map((name) => ({ name, about: name, model: `$OUT/small/${name}-$SEED` }));
    const file = at('exported.safetensors');
    lacuna('export', '--model', at('out/small/plain-2'), '--out', file, '--text', 'embedded:3', '--windows', '8');
    const exported = { name: 'exported', about: 'one of them as a file', model: '$HERE/exported.safetensors' };
    const variants = [...runs, exported];
    const changes = { command: undefined, minutes: undefined, config: undefined, options: {}, variants };
    const { json, stderr } = run(plan('runs.json', changes));
    expect(json).toMatchObject({ complete: true, minutes: 0, seeds: [1, 2] });
    expect(stderr).not.toContain('turn');
    const known = JSON.parse(readFileSync(at('out/small.ablation.json'), 'utf8')) as AblationReport;
    const report = json as unknown as AblationReport;
    expect(report.variants[1]?.difference).toEqual(known.variants[1]?.difference);
    const [plain, , shipped] = report.variants.map(({ arms }) => arms[1]);
    expect(shipped).toMatchObject({ tokens: plain?.tokens, curve: [] });
    const [rounded, whole] = [shipped, plain].map((arm) => arm?.figures.crossEntropy ?? Number.NaN) as [number, number];
    expect(Math.abs(rounded - whole)).toBeLessThan(0.1);
  });

  it('stopped by Ctrl-C it exits 130, and goes on from there', async () => {
    const path = plan('stopped.json', { minutes: 0.1, seeds: [1], variants: ablation.variants.slice(0, 2) });
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const child = spawn(process.execPath, [main, ...line(path)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (data) => {
      if (!stderr.includes('turn 2 of 2: falling') && `${stderr}${data}`.includes('turn 2 of 2: falling')) {
        setTimeout(() => child.kill('SIGINT'), 300);
      }
      stderr += data;
    });
    const [status] = await once(child, 'close');
    expect(status).toBe(130);
    expect(existsSync(at('out/stopped/falling-1.json'))).toBe(false);
    const { json } = run(path);
    expect(json).toMatchObject({ complete: true });
    const [arm] = (json as unknown as AblationReport).variants[1]?.arms ?? [];
    // Not from the beginning: together both sessions trained for the minutes, not for more.
    expect(arm?.seconds).toBeGreaterThanOrEqual(6);
    expect(arm?.seconds).toBeLessThan(9);
  });
});

describe('a plan is refused', () => {
  it.each([
    ['whose control is no variant', { control: 'nobody' }],
    ['with a name twice', { variants: [ablation.variants[0], ablation.variants[0]] }],
    ['with one variant', { variants: [ablation.variants[0]] }],
    ['without minutes', { minutes: 0 }],
    ['with minutes and nothing to train', { variants: ['a', 'b'].map((name) => ({ name, model: `$OUT/${name}` })) }],
    ['without seeds', { seeds: [] }],
    ['whose command does not train', { command: 'export' }],
    ['with an option that the command lacks', { options: { ...common, colour: 'red' } }],
    ['with an option that evaluate lacks', { score: { colour: 'red' } }],
    ['with a config that nobody knows', { config: 'huge' }],
    ['in no slices', { slices: 0 }],
  ])('%s', (_what, changes) => {
    const { status, json } = lacuna('ablation', 'run', plan('bad.json', changes), '--out', at('none'), '--json');
    expect([status, json.error]).toMatchObject([1, { code: 'invalid_recipe' }]);
  });

  it('that nobody knows', () => {
    expect(lacuna('ablation', 'run', 'nothing', '--json').json.error).toMatchObject({ code: 'unknown_recipe' });
  });

  it('whose data are not there', () => {
    const path = plan('bad.json', { options: { ...common, text: ['$DATA/none.txt'] } });
    expect(lacuna(...line(path, '--data', folder)).json.error).toMatchObject({ code: 'file_not_found' });
  });
});

it('every plan that ships is made of lines that its commands take', async () => {
  const plans = shippedPlans();
  expect(plans.map(({ recipe }) => recipe.name)).toContain('tour');
  for (const one of plans) {
    const places = { data: at('no-data'), out: at('shipped'), machine: {}, remake: [] };
    for (const arm of armsOf(one)) {
      // All that may be missing is the data.
      await new ArmRun(one, arm, places)
        .prepare()
        .catch((error) => expect(error).toMatchObject({ code: 'file_not_found' }));
    }
  }
});

it('ablation show prints lines for a shell', () => {
  const { stdout } = lacuna('ablation', 'show', 'tour');
  expect(stdout).toContain('lacuna pretrain --text embedded');
  expect(stdout).toContain('--minutes 0.5 --seed 3 --out $OUT/tour/mae-3');
  expect(lacuna('ablation', 'show', 'tour', '--variants', 'mlm').stdout).not.toContain('$OUT/tour/mae');
});
