/** The whole road on the command line, small: pretrain → distill → finetune → evaluate → export → fill-mask, classify. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadCheckpoint } from '@lacuna/core/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacuna, type Ran } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-road-'));
const at = (name: string) => join(folder, name);
const FACTS = ['lacuna', 'node', 'cpu', 'date'];

function ran(answer: Ran): Ran {
  expect([answer.status, answer.stderr.match(/error.*/)?.[0]]).toEqual([0, undefined]);
  expect(Object.keys(answer.json)).toEqual(expect.arrayContaining(FACTS));
  return answer;
}

beforeAll(() => {
  const rows = ['the cat was happy\t1', 'the dog was sad\t0', 'a happy frog\t1', 'a sad girl\t0', 'they were happy\t1'];
  writeFileSync(at('train.tsv'), `sentence\tlabel\n${rows.join('\n')}\n`);
  const run = ['pretrain', '--text', 'embedded', '--config', 'tiny', '--tokenizer-bytes', '500000', '--steps', '60'];
  ran(lacuna(...run, '--valid', 'embedded:2', '--valid-windows', '16', '--out', at('base'), '--json'));
  const student = ['distill', '--teacher', at('base'), '--text', 'embedded', '--layers', '1:1', '--steps', '10'];
  ran(lacuna(...student, '--out', at('student'), '--json'));
  const critic = ['finetune', '--model', at('student'), '--data', at('train.tsv'), '--labels', 'sad', 'happy'];
  ran(lacuna(...critic, '--epochs', '30', '--batch-size', '5', '--out', at('critic'), '--json'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lacuna', () => {
  it('scores text: the better the longer it was trained, by the fields that others read', () => {
    const score = (model: string) =>
      ran(
        lacuna('evaluate', '--model', at(model), '--text', 'embedded:2', '--windows', '32', '--length', '64', '--json'),
      ).json;
    const [base, student] = [score('base'), score('student')];
    expect(base).toMatchObject({ top1: expect.any(Number), top5: expect.any(Number), tokens: 320 });
    expect(base.crossEntropy as number).toBeLessThan(Math.log(841) - 2);
    expect(base.crossEntropy as number).toBeLessThan(student.crossEntropy as number);
    expect(base.top5 as number).toBeGreaterThanOrEqual(base.top1 as number);
  });

  it('scores labels', () => {
    const { json } = ran(lacuna('evaluate', '--model', at('critic'), '--data', at('train.tsv'), '--json'));
    expect(json).toMatchObject({ accuracy: 1, macroF1: 1, examples: 5 });
  });

  it('goes on from a model with its shape and vocabulary, and from its own checkpoint when that model is gone', async () => {
    cpSync(at('base'), at('start'), { recursive: true });
    const line = ['pretrain', '--model', at('start'), '--text', 'embedded:3', '--batch-tokens', '512'];
    const { json } = ran(lacuna(...line, '--steps', '4', '--out', at('further'), '--json'));
    // From random weights the first steps cost ln 841 = 6.7 nats a gap.
    expect(json.loss as number).toBeLessThan(4.5);
    const { config } = await loadCheckpoint(at('further/checkpoint.safetensors'));
    expect(config).toMatchObject({ hiddenSize: 64, numHiddenLayers: 2, maxPositionEmbeddings: 64 });
    rmSync(at('start'), { recursive: true });
    const rest = ['pretrain', '--resume', '--steps', '6', '--out', at('further'), '--json'];
    // A run from random weights must not take on the recipe of one that goes on.
    const other = lacuna(...rest, '--model', at('base'));
    expect([other.status, other.json.error]).toMatchObject([2, { code: 'invalid_argument' }]);
    expect(ran(lacuna(...rest)).json).toMatchObject({ complete: true, step: 6 });
  });

  it('refuses a shape beside a model, and to go on from a classifier', () => {
    const line = ['pretrain', '--text', 'embedded', '--steps', '1', '--out', at('refused'), '--json'];
    const shaped = lacuna(...line, '--model', at('base'), '--config', 'small', '--vocab-size', '500').json;
    expect(shaped.error).toMatchObject({
      code: 'invalid_argument',
      message: 'pretrain: --model brings its shape and vocabulary, got --config, --vocab-size as well.',
    });
    expect(lacuna(...line, '--model', at('critic')).json.error).toMatchObject({ code: 'unsupported_task' });
  });

  it('starts a student from the layers of a third model, if that has the vocabulary', () => {
    const line = ['distill', '--teacher', at('student'), '--text', 'embedded', '--steps', '1', '--json'];
    const { json } = ran(lacuna(...line, '--start', at('base'), '--layers', '2:1', '--out', at('started')));
    expect(json).toMatchObject({ complete: true });
    const other = fileURLToPath(new URL('../../../models/lacuna-fill.safetensors', import.meta.url));
    const { json: refused } = lacuna(...line, '--start', other, '--out', at('refused'));
    expect(refused.error).toMatchObject({ code: 'checkpoint_mismatch' });
  });

  it('teaches a smaller classifier by a larger one and refilled variants', () => {
    const line = ['finetune', '--model', at('student'), '--data', at('train.tsv'), '--labels', 'sad', 'happy'];
    const taught = ['--teacher', at('critic'), '--variants', '2', '--infill', at('base'), '--epochs', '10'];
    const { json } = ran(lacuna(...line, ...taught, '--batch-size', '5', '--out', at('pupil'), '--json'));
    expect(json).toMatchObject({ examples: 15, labels: ['sad', 'happy'] });
    const score = ran(lacuna('evaluate', '--model', at('pupil'), '--data', at('train.tsv'), '--json')).json;
    expect(score.accuracy as number).toBeGreaterThanOrEqual(0.8);
  });

  it('learns several labels a text, and serves them as independent scores', () => {
    const rows = ['a happy cat\tanimal,glad', 'a sad dog\tanimal', 'a happy girl\tglad', 'a sad queen\t'];
    writeFileSync(at('many.tsv'), `sentence\tlabels\n${rows.join('\n')}\n`);
    const line = ['finetune', '--model', at('base'), '--data', at('many.tsv'), '--multi-label', '--epochs', '60'];
    ran(lacuna(...line, '--batch-size', '4', '--dropout', '0', '--out', at('many'), '--json'));
    const exported = ['export', '--model', at('many'), '--out', at('many.safetensors'), '--data', at('many.tsv')];
    expect(ran(lacuna(...exported, '--json')).json).toMatchObject({ shipped: { accuracy: 1, examples: 4 } });
    const { json } = ran(lacuna('classify', 'a happy cat', '--model', at('many.safetensors'), '--json'));
    const labels = json.labels as { label: string; score: number }[];
    expect(labels.map(({ label }) => label).sort()).toEqual(['animal', 'glad']);
    expect(labels.every(({ score }) => score > 0.5)).toBe(true);
  });

  it('says how many texts were too long to be read whole', () => {
    writeFileSync(at('long.tsv'), `sentence\tlabel\n${'a happy cat '.repeat(60)}\thappy\na sad dog\tsad\n`);
    const { json, stderr } = ran(lacuna('evaluate', '--model', at('critic'), '--data', at('long.tsv'), '--json'));
    expect(json).toMatchObject({ examples: 2, truncated: 1 });
    expect(stderr).toContain('1 of 2 texts are longer than 128 tokens and were cut.');
    const exporting = ['export', '--model', at('critic'), '--out', at('cut.safetensors'), '--data', at('long.tsv')];
    const exported = ran(lacuna(...exporting, '--json'));
    expect(exported.json).toMatchObject({ shipped: { examples: 2 }, truncated: 1 });
    expect(exported.stderr).toContain('1 of 2 texts are longer');
    const line = ['finetune', '--model', at('student'), '--data', at('train.tsv'), '--valid', at('long.tsv')];
    const short = ['--labels', 'sad', 'happy', '--max-length', '5', '--epochs', '1', '--out', at('short')];
    const trained = ran(lacuna(...line, ...short, '--json'));
    expect(trained.json).toMatchObject({ examples: 5, truncated: 3, complete: true });
    expect(trained.stderr).toContain('train.tsv: 3 of 5 texts are longer than 5 tokens and were cut.');
    expect(trained.stderr).toContain('long.tsv: 1 of 2 texts are longer than 5 tokens and were cut.');
  });

  it('exports int8 files with their cost, and lists them', () => {
    const fill = [
      'export',
      '--model',
      at('student'),
      '--out',
      at('models/filler.safetensors'),
      '--description',
      'a toy',
    ];
    const { json } = ran(lacuna(...fill, '--text', 'embedded:2', '--windows', '16', '--length', '64', '--json'));
    const { float, shipped } = json as { float: { crossEntropy: number }; shipped: { crossEntropy: number } };
    expect(shipped.crossEntropy / float.crossEntropy).toBeCloseTo(1, 2);
    expect(json).toMatchObject({
      quantization: 'int8',
      task: 'fill-mask',
      report: { relativeError: expect.any(Number) },
    });
    ran(lacuna('export', '--model', at('critic'), '--out', at('models/critic.safetensors'), '--json'));
    const version = expect.stringMatching(/^[0-9a-f]{16}$/);
    expect(JSON.parse(readFileSync(at('models/models.json'), 'utf8'))).toEqual({
      models: [
        { name: 'filler', task: 'fill-mask', version, description: 'a toy', file: 'filler.safetensors' },
        { name: 'critic', task: 'text-classification', version, file: 'critic.safetensors' },
      ],
    });
  });

  it('exports ONNX from runs and from files, with the tokenizer beside it', async () => {
    const exporting = (model: string, out: string, ...rest: string[]) =>
      ran(lacuna('export', '--model', at(model), '--format', 'onnx', '--out', at(out), ...rest, '--json')).json;
    const run = exporting('student', 'onnx/student.onnx');
    expect(run).toMatchObject({ format: 'onnx', name: 'student', task: 'fill-mask', labels: [] });
    const { tokenizer } = await loadCheckpoint(at('student/checkpoint.safetensors'));
    expect(JSON.parse(readFileSync(at('onnx/student.tokenizer.json'), 'utf8'))).toEqual(tokenizer);
    const bytes = readFileSync(at('onnx/student.onnx'));
    expect(bytes.length).toBe(run.sizeBytes);
    expect(bytes.toString('latin1')).toContain('distill');
    expect(bytes.toString('latin1')).not.toContain(folder);
    ran(lacuna('export', '--model', at('critic'), '--out', at('onnx/critic.safetensors'), '--json'));
    const file = exporting('onnx/critic.safetensors', 'onnx/mood.onnx', '--name', 'other');
    expect(file).toMatchObject({ name: 'other', task: 'text-classification', labels: ['sad', 'happy'] });
    const listed = JSON.parse(readFileSync(at('onnx/models.json'), 'utf8')) as { models: unknown[] };
    expect(listed.models).toMatchObject([{ name: 'critic', task: 'text-classification', file: 'critic.safetensors' }]);
  });

  it('answers from files and from runs alike', () => {
    const fill = (model: string) =>
      ran(lacuna('fill-mask', 'the [MASK] went to the [MASK] .', '--model', at(model), '--top-k', '3', '--json')).json;
    const [file, run] = [fill('models/filler.safetensors'), fill('student')] as { gaps: { token: number }[][] }[];
    expect(file?.gaps.map((gap) => gap.length)).toEqual([3, 3]);
    expect(file?.gaps[0]?.[0]?.token).toBe(run?.gaps[0]?.[0]?.token);
    const { json } = ran(lacuna('classify', 'a happy cat', '--model', at('models/critic.safetensors'), '--json'));
    expect(json).toMatchObject({ model: 'critic', labels: [{ label: 'happy' }, { label: 'sad' }] });
  });

  it('answers with the last weights of a run that kept no average', () => {
    const run = ['pretrain', '--text', 'embedded', '--config', 'tiny', '--tokenizer-bytes', '500000', '--steps', '60'];
    const held = ['--valid', 'embedded:2', '--valid-windows', '16', '--length', '32'];
    const { metrics } = ran(lacuna(...run, ...held, '--ema', '0', '--out', at('plain'), '--json')).json;
    const scoring = ['--text', 'embedded:2', '--windows', '16', '--length', '32', '--json'];
    const { json } = ran(lacuna('evaluate', '--model', at('plain'), ...scoring));
    expect(json.crossEntropy as number).toBeLessThan(Math.log(841) - 2);
    expect(json.crossEntropy).toBeCloseTo((metrics as { crossEntropy: number }).crossEntropy, 4);
  });

  it('takes texts as long as those it was trained on, and no longer', async () => {
    const lengthOf = async (model: string) =>
      (await loadCheckpoint(at(`${model}/checkpoint.safetensors`))).config.maxPositionEmbeddings;
    expect([await lengthOf('base'), await lengthOf('plain'), await lengthOf('critic')]).toEqual([64, 32, 128]);
  });

  it('publishes no folder of this machine', () => {
    const bytes = readFileSync(at('models/filler.safetensors')).toString('latin1');
    expect(bytes).toContain('provenance');
    expect(bytes).not.toContain(folder);
  });

  it('explains every command', () => {
    for (const command of [
      'pretrain',
      'finetune',
      'distill',
      'evaluate',
      'export',
      'fill-mask',
      'classify',
      'serve',
      'bench',
    ]) {
      const { status, stdout } = lacuna(command, '--help');
      expect([command, status, stdout.includes(`lacuna ${command}`)]).toEqual([command, 0, true]);
    }
  });
});
