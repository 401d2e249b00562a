/** What the commands say to bad input: a stable code, exit code 1 (2 for a wrong line), and what was expected. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONFIGS } from '@lacuna/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lacuna } from './testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-bad-'));
const at = (name: string) => join(folder, name);
const small = { hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 24 };

/** Runs a command that must fail; it tells why on standard error alone. */
function failing(...args: string[]) {
  const { status, stderr, stdout } = lacuna(...args);
  const [, code, message] = stderr.match(/^error\[(\w+)\]: (.*)$/m) ?? [];
  expect(stdout).toBe('');
  return { status, code, message };
}

function cutShort(path: string): void {
  truncateSync(path, statSync(path).size - 100);
}

/** Flips one bit near the end: among the weights. */
function alterBit(path: string): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 500) ^ 1, bytes.length - 500);
  writeFileSync(path, bytes);
}

beforeAll(() => {
  writeFileSync(at('small.json'), JSON.stringify({ ...CONFIGS.tiny, ...small, vocabSize: 150 }));
  writeFileSync(at('empty.txt'), '');
  writeFileSync(at('binary.txt'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13, 0xff, 0xfe, 0, 1]));
  writeFileSync(at('train.tsv'), 'sentence\tlabel\na happy cat\tgood\na sad dog\tbad\nthe happy girl\tgood\n');
  writeFileSync(at('other.tsv'), 'sentence\tlabel\na cat\tneutral\n');
  const run = ['pretrain', '--text', 'embedded', '--tokenizer-bytes', '100000', '--config', at('small.json')];
  writeFileSync(at('broken.json'), '{"hiddenSize": 64');
  writeFileSync(at('odd.json'), JSON.stringify({ ...CONFIGS.tiny, hiddenSize: 63 }));
  writeFileSync(at('bpe.json'), JSON.stringify({ model: { type: 'BPE', vocab: {}, merges: [] } }));
  writeFileSync(at('moods.tsv'), 'sentence\tlabel\na happy cat\thappy\na sad dog\tsad\n');
  const answers = [
    lacuna(...run, '--steps', '3', '--out', at('run')),
    lacuna('finetune', '--model', at('run'), '--data', at('train.tsv'), '--epochs', '1', '--out', at('critic')),
    lacuna('export', '--model', at('run'), '--out', at('model.safetensors')),
  ];
  expect(answers.map(({ status, stderr }) => [status, stderr.match(/error.*/)?.[0]])).toEqual(
    answers.map(() => [0, undefined]),
  );
  cpSync(at('run/checkpoint.safetensors'), at('run.before'));
  for (const broken of ['short', 'altered']) {
    cpSync(at('run'), at(`${broken}-run`), { recursive: true });
    cpSync(at('model.safetensors'), at(`${broken}.model`));
  }
  for (const path of ['short.model', 'short-run/checkpoint.safetensors']) cutShort(at(path));
  for (const path of ['altered.model', 'altered-run/checkpoint.safetensors']) alterBit(at(path));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** `@name` is a file in the folder of this test. */
const line = (args: readonly string[]) => args.map((arg) => (arg.startsWith('@') ? at(arg.slice(1)) : arg));

interface Case {
  readonly what: string;
  readonly code: string;
  readonly args: readonly string[];
  /** Of the message. */
  readonly says?: string;
}

const LONG = 'went home '.repeat(300);
const NEW = ['--out', '@new'];
const pretrain = ['pretrain', '--text'];
const resume = ['pretrain', '--resume', '--out'];

const texts: Case[] = [
  { what: 'an empty text', code: 'empty_text', args: [...pretrain, '@empty.txt', ...NEW] },
  { what: 'a binary text', code: 'binary_text', args: [...pretrain, '@binary.txt', ...NEW], says: 'zero byte' },
  { what: 'a missing text', code: 'file_not_found', args: [...pretrain, '@none.txt', ...NEW], says: 'none.txt' },
  {
    what: 'a column that a text lacks',
    code: 'unknown_column',
    args: [...pretrain, '@train.tsv', '--text-column', 'review', ...NEW],
    says: 'got "sentence", "label"',
  },
  {
    what: 'a column that labelled data lack',
    code: 'unknown_column',
    args: ['finetune', '--model', '@run', '--data', '@train.tsv', '--label-column', 'stars', ...NEW],
    says: 'expected a column "stars"',
  },
  {
    what: 'a label that the classifier does not know',
    code: 'unknown_label',
    args: ['evaluate', '--model', '@critic', '--data', '@other.tsv'],
    says: 'expected a label out of bad, good, got "neutral"',
  },
];

const ratios: Case[] = [
  ['0.04', [...pretrain, '@empty.txt', '--ratio', '0.04', ...NEW]],
  ['0.96', [...pretrain, '@empty.txt', '--ratio', '0.4:0.96', ...NEW]],
  ['0.99', ['evaluate', '--model', '@run', '--text', 'embedded', '--ratio', '0.99']],
  ['0.98', ['bench', 'objective', '--ratio', '0.98']],
].map(([ratio, args]) => ({
  what: `${args?.[0]} with a ratio of ${ratio}`,
  code: 'masking_ratio_out_of_range',
  args: args as string[],
  says: `expected a ratio from 0.05 to 0.95, got ${ratio}`,
}));

const questions: Case[] = [
  { what: 'a text without a gap', code: 'no_mask_token', args: ['fill-mask', 'the cat sat', '--model', '@run'] },
  { what: 'a long text to fill', code: 'text_too_long', args: ['fill-mask', `a [MASK] ${LONG}`, '--model', '@run'] },
  { what: 'a long text to label', code: 'text_too_long', args: ['classify', LONG, '--model', '@critic'] },
  { what: 'no text to label', code: 'empty_text', args: ['classify', '', '--model', '@critic'] },
  { what: 'a label from a fill-mask model', code: 'unsupported_task', args: ['classify', 'a cat', '--model', '@run'] },
];

const shapes: Case[] = [
  {
    what: 'a config that is no JSON',
    code: 'invalid_config',
    args: [...pretrain, '@train.tsv', '--config', '@broken.json', ...NEW],
  },
  {
    what: 'a config whose heads do not share its width',
    code: 'invalid_config',
    args: [...pretrain, '@train.tsv', '--config', '@odd.json', ...NEW],
    says: 'hiddenSize must be a multiple of',
  },
  {
    what: 'a tokenizer that is no JSON',
    code: 'malformed_data',
    args: [...pretrain, '@train.tsv', '--tokenizer', '@broken.json', ...NEW],
  },
  {
    what: 'a tokenizer of another kind',
    code: 'unsupported_format',
    args: [...pretrain, '@train.tsv', '--tokenizer', '@bpe.json', ...NEW],
  },
  {
    what: 'a teacher of other labels',
    code: 'checkpoint_mismatch',
    args: ['finetune', '--model', '@run', '--data', '@moods.tsv', '--teacher', '@critic', ...NEW],
    says: 'the labels happy, sad, got critic with bad, good',
  },
  {
    what: 'a teacher that fills gaps',
    code: 'unsupported_task',
    args: ['finetune', '--model', '@run', '--data', '@train.tsv', '--teacher', '@run', ...NEW],
  },
];

const files: Case[] = [
  { what: 'a missing model', code: 'file_not_found', args: ['fill-mask', 'a [MASK]', '--model', '@none'] },
  { what: 'a truncated model', code: 'artifact_truncated', args: ['fill-mask', 'a [MASK]', '--model', '@short.model'] },
  { what: 'an altered model', code: 'artifact_corrupt', args: ['fill-mask', 'a [MASK]', '--model', '@altered.model'] },
  {
    what: 'a missing model to export',
    code: 'file_not_found',
    args: ['export', '--model', '@none', '--format', 'onnx', '--out', '@new.onnx'],
  },
  {
    what: 'a folder without models to time',
    code: 'file_not_found',
    args: ['bench', 'onnx', '--models', '@none'],
    says: 'expected models in',
  },
  { what: 'a truncated checkpoint', code: 'artifact_truncated', args: [...resume, '@short-run'] },
  { what: 'an altered checkpoint', code: 'artifact_corrupt', args: [...resume, '@altered-run'] },
  { what: 'a missing checkpoint', code: 'checkpoint_not_found', args: [...resume, '@none'] },
  {
    what: 'a checkpoint of another config',
    code: 'checkpoint_mismatch',
    args: [...resume, '@run', '--config', 'tiny'],
    says: 'hiddenSize must be 64, got 16',
  },
  {
    what: 'a checkpoint of another recipe',
    code: 'checkpoint_mismatch',
    args: [...resume, '@run', '--ratio', '0.5'],
    says: '--ratio 0.4:0.15',
  },
  {
    what: 'a checkpoint of another command',
    code: 'checkpoint_mismatch',
    args: [...resume, '@critic'],
    says: 'got one of finetune',
  },
];

it.each([...texts, ...ratios, ...questions, ...shapes, ...files])(
  '$what is answered with $code and exit code 1',
  (given) => {
    const { code, message, status } = failing(...line(given.args));
    expect({ code, status }).toEqual({ code: given.code, status: 1 });
    expect(message).toContain(given.says ?? '');
    expect(existsSync(at('new'))).toBe(false);
  },
);

it('a wrong line is answered with invalid_argument and exit code 2', () => {
  const { code, message, status } = failing('pretrain', '--out', at('run'), '--text', 'embedded');
  expect({ code, status }).toEqual({ code: 'invalid_argument', status: 2 });
  expect(message).toContain('Add --resume to go on with it');
});

it.each([
  ['a file of another kind', ['--format', 'onnx', '--out', '@new.safetensors'], '--out must be a file *.onnx'],
  ['an ONNX file without its format', ['--out', '@new.onnx'], 'or --format onnx'],
  ['a format that nobody knows', ['--format', 'gguf', '--out', '@new'], '--format must be safetensors or onnx'],
  ['figures for an ONNX file', ['--format', 'onnx', '--out', '@new.onnx', '--text', 'embedded'], 'expected no --text'],
  ['--float for an ONNX file', ['--format', 'onnx', '--out', '@new.onnx', '--float'], 'expected no --float'],
])('export refuses %s with invalid_argument', (_what, args, says) => {
  const { code, message, status } = failing('export', '--model', at('run'), ...line(args));
  expect({ code, status }).toEqual({ code: 'invalid_argument', status: 2 });
  expect(message).toContain(says);
  expect(existsSync(at('new.onnx'))).toBe(false);
});

it('a program reads the same code from --json', () => {
  const { status, json } = lacuna('fill-mask', 'the cat sat', '--model', at('run'), '--json');
  expect(status).toBe(1);
  expect(json).toMatchObject({ error: { code: 'no_mask_token', message: expect.stringContaining('[MASK]') } });
});

it('a long text is answered when it may be truncated', () => {
  const { status, json } = lacuna('fill-mask', `a [MASK] ${LONG}`, '--model', at('run'), '--truncate', '--json');
  expect(status).toBe(0);
  expect(json).toMatchObject({ gaps: [expect.any(Array)] });
});

it('a long text is labelled when it may be truncated', () => {
  const { status, json } = lacuna('classify', LONG, '--model', at('critic'), '--truncate', '--json');
  expect(status).toBe(0);
  expect(json).toMatchObject({ labels: [expect.anything(), expect.anything()] });
});

it.each(['--backend reference', '--kernels simd', '--objective mlm', '--lanes 2', '--spans 1:3', '--whole-words'])(
  'pretrain takes %s',
  (words) => {
    const option = words.split(' ');
    const out = at(`with${option.join('')}`);
    const run = [
      'pretrain',
      '--text',
      'embedded',
      '--tokenizer',
      at('run/tokenizer.json'),
      '--config',
      at('small.json'),
    ];
    const { status, json } = lacuna(...run, '--steps', '2', '--batch-tokens', '128', ...option, '--out', out, '--json');
    expect(status).toBe(0);
    const [name = '', value] = option.map((word) => word.replace('--', ''));
    if (value !== undefined && name in json) expect(`${json[name]}`).toBe(value);
    expect(json).toMatchObject({ step: 2, complete: true, loss: expect.any(Number) });
  },
);

it.runIf(existsSync('/dev/full'))('a full disk ends a run with disk_full and leaves its checkpoint as it was', () => {
  cpSync(at('run'), at('full'), { recursive: true });
  rmSync(at('full/log.jsonl'));
  symlinkSync('/dev/full', at('full/log.jsonl'));
  const { code, status } = failing(...line([...resume, '@full', '--steps', '4']));
  expect({ code, status }).toEqual({ code: 'disk_full', status: 1 });
  expect(readFileSync(at('full/checkpoint.safetensors')).equals(readFileSync(at('run.before')))).toBe(true);
});

it('a run that was refused is still what it was', () => {
  expect(readFileSync(at('run/checkpoint.safetensors')).equals(readFileSync(at('run.before')))).toBe(true);
});
