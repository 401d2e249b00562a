/** Ctrl-C and --resume, as a shell delivers them: a signal to a process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CONFIGS } from '@lacuna/core';
import { loadCheckpoint } from '@lacuna/core/node';
import { afterAll, beforeAll, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../bin/lacuna.mjs', import.meta.url));
const STEPS = 1500;

const folder = mkdtempSync(join(tmpdir(), 'lacuna-interrupt-'));
const at = (name: string) => join(folder, name);
const pretraining = ['pretrain', '--text', 'embedded', '--tokenizer-bytes', '100000', '--config', at('config.json')];
const recipe = ['--steps', `${STEPS}`, '--batch-tokens', '128:192', '--length', '16', '--dropout', '0.1'];

const running: ChildProcess[] = [];

/** A process of the command; `ended` tells how it went. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, ended, stderr: () => stderr };
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error('waited 30 s in vain');
    await sleep(10);
  }
}

beforeAll(() => {
  const small = { hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 24 };
  writeFileSync(at('config.json'), JSON.stringify({ ...CONFIGS.tiny, ...small, vocabSize: 150 }));
});

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

it('a run that gets SIGINT exits 130 and says how to resume; resumed, it ends with an uninterrupted run’s tensors', async () => {
  const whole = await start(...pretraining, ...recipe, '--out', at('whole')).ended;
  expect([whole.code, whole.stderr.match(/error.*/)?.[0]]).toEqual([0, undefined]);

  const stopped = start(...pretraining, ...recipe, '--out', at('stopped'));
  const log = join(at('stopped'), 'log.jsonl');
  await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('"type":"progress"'));
  stopped.child.kill('SIGINT');
  const interrupted = await stopped.ended;
  expect(interrupted.code).toBe(130);
  expect(interrupted.stdout).toContain(`Resume with: lacuna pretrain --out ${at('stopped')} --resume`);
  const load = (name: string) => loadCheckpoint(join(at(name), 'checkpoint.safetensors'));
  const { state: halfway } = await load('stopped');
  expect(halfway.step).toBeGreaterThan(0);
  expect(halfway.step).toBeLessThan(STEPS);

  const resumed = await start('pretrain', '--out', at('stopped'), '--resume').ended;
  expect([resumed.code, resumed.stderr.match(/error.*/)?.[0]]).toEqual([0, undefined]);
  const [expected, got] = [await load('whole'), await load('stopped')];
  expect(got.state.step).toBe(STEPS);
  for (const buffer of ['parameters', 'm', 'v', 'ema'] as const) {
    expect([buffer, Buffer.compare(bytes(got.state[buffer]), bytes(expected.state[buffer]))]).toEqual([buffer, 0]);
  }
  expect(got.state.data).toEqual(expected.state.data);
  expect(got.tokenizer).toEqual(expected.tokenizer);
  expect(Buffer.compare(bytes(halfway.parameters), bytes(got.state.parameters))).not.toBe(0);
});

it('a program reads from --json that a run of two lanes was interrupted, and how to go on with both', async () => {
  const { child, ended } = start(...pretraining, ...recipe, '--lanes', '2', '--out', at('json'), '--json');
  const log = join(at('json'), 'log.jsonl');
  await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('"type":"progress"'));
  child.kill('SIGINT');
  const { code, stdout } = await ended;
  expect(code).toBe(130);
  expect(JSON.parse(stdout)).toMatchObject({
    complete: false,
    lanes: 2,
    resume: `lacuna pretrain --out ${at('json')} --resume`,
  });
  const { step } = (await loadCheckpoint(join(at('json'), 'checkpoint.safetensors'))).state;
  expect(step).toBeGreaterThan(0);
  const resume = ['pretrain', '--out', at('json'), '--resume', '--steps', `${step + 5}`, '--json'];
  const resumed = await start(...resume).ended;
  expect(resumed.code).toBe(0);
  expect(JSON.parse(resumed.stdout)).toMatchObject({ complete: true, lanes: 2, step: step + 5 });
});

it('distillation and fine-tuning go on from where Ctrl-C stopped them', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => `${i % 2 ? 'a happy cat' : 'a sad dog'}\t${i % 2}`);
  writeFileSync(at('train.tsv'), `text\tlabel\n${rows.join('\n')}\n`);
  const teacher = at('whole');
  const runs = [
    ['distill', '--teacher', teacher, '--text', 'embedded', ...recipe],
    ['finetune', '--model', teacher, '--data', at('train.tsv'), '--epochs', '60', '--batch-size', '8'],
  ];
  for (const line of runs) {
    const [command = ''] = line;
    const { child, ended } = start(...line, '--out', at(command));
    const log = join(at(command), 'log.jsonl');
    await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('"type":"progress"'));
    child.kill('SIGINT');
    expect([command, (await ended).code]).toEqual([command, 130]);
    const load = () => loadCheckpoint(join(at(command), 'checkpoint.safetensors'));
    const { state } = await load();
    const resumed = await start(command, '--out', at(command), '--resume').ended;
    expect([command, resumed.code]).toEqual([command, 0]);
    expect((await load()).state.step).toBeGreaterThan(state.step);
  }
});

it('a run whose terminal was closed saves its checkpoint all the same', async () => {
  const orphan = start(...pretraining, ...recipe, '--out', at('orphan'));
  const log = join(at('orphan'), 'log.jsonl');
  await until(() => existsSync(log) && readFileSync(log, 'utf8').includes('"type":"progress"'));
  // Nobody reads any more: the next write fails.
  orphan.child.stdout.destroy();
  orphan.child.stderr.destroy();
  await sleep(50);
  orphan.child.kill('SIGHUP');
  await orphan.ended;
  const { state } = await loadCheckpoint(join(at('orphan'), 'checkpoint.safetensors'));
  expect(state.step).toBeGreaterThan(0);
});

it('SIGINT while a tokenizer is trained exits 130 with aborted and leaves no run behind', async () => {
  const { child, ended, stderr } = start('pretrain', '--text', 'embedded', '--config', 'tiny', '--out', at('early'));
  await until(() => stderr().includes('tokenizer'));
  child.kill('SIGINT');
  const { code, stderr: said } = await ended;
  expect(code).toBe(130);
  expect(said).toContain('error[aborted]: tokenizer');
  expect(existsSync(at('early'))).toBe(false);
});

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
