/**
 * What `scripts/pytorch/train.py` works on, and its process: a folder with the options, the ids of the text and the models
 * that it starts from. The folder can be taken to a machine that has a GPU and no Node.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { LacunaError, type ModelConfig, parameterShapes, type Tokenizer, writeSafetensors } from '@lacuna/core';
import { saveBytes } from '@lacuna/core/node';
import type { Session } from './command.ts';
import type { Corpus } from './corpus.ts';
import { findPytorch } from './python.ts';
import { formatQuantity } from './quantity.ts';

export const TRAIN_SCRIPT = fileURLToPath(new URL('../../../scripts/pytorch/train.py', import.meta.url));

/** `job.json`. */
export interface PytorchJob {
  readonly device: string;
  readonly seed: number;
  /** One of the two is null. */
  readonly tokens: number | null;
  readonly minutes: number | null;
  readonly batchTokens: number;
  readonly length: number;
  readonly ratio: readonly [number, number];
  readonly ratioJitter: number;
  readonly learningRate: number;
  readonly weightDecay: number;
  readonly ema: number;
  /** Whether `teacher.safetensors` and `start.safetensors` are there. */
  readonly teacher: boolean;
  readonly start: boolean;
}

/** A line of `log.jsonl`, and of the script's output. */
export interface PytorchEvent {
  readonly type: 'evaluation' | 'done';
  readonly step: number;
  readonly tokens: number;
  readonly seconds: number;
  readonly fraction?: number;
  readonly loss?: number;
  readonly metrics?: Readonly<Record<string, number>>;
}

/** NumPy's format has a header of this many bytes here, its length a multiple of 64. */
const HEADER_BYTES = 128;
const CHUNK_IDS = 1 << 20;
/** The script keeps ids in 16 bits with a sign. */
export const MOST_PIECES = 1 << 15;

/**
 * The whole corpus, a text after the other, each line ended by [SEP], as a NumPy file of uint16; gives their number.
 * Throws `text_too_short` where they are fewer than `least`, `invalid_argument`, `write_failed`.
 */
export async function writeIds(
  path: string,
  corpus: Corpus,
  tokenizer: Tokenizer,
  least: number,
  session: Session,
): Promise<number> {
  if (tokenizer.vocabSize > MOST_PIECES) {
    throw new LacunaError(
      'invalid_argument',
      `pytorch: expected a vocabulary of at most ${MOST_PIECES} pieces, got ${tokenizer.vocabSize}.`,
      { most: MOST_PIECES, got: tokenizer.vocabSize },
    );
  }
  const file = createWriteStream(path);
  const failed = once(file, 'error').then(([error]) => {
    throw new LacunaError('write_failed', `${path}: cannot be written: ${(error as Error).message}.`, { path });
  });
  failed.catch(() => {});
  const written = async (bytes: Uint8Array) => {
    if (!file.write(bytes)) await Promise.race([once(file, 'drain'), failed]);
  };
  await written(new Uint8Array(HEADER_BYTES));
  let buffer = new Uint16Array(CHUNK_IDS);
  let at = 0;
  let count = 0;
  for (const source of corpus.sources) {
    for await (const line of source.lines(0)) {
      const ids = tokenizer.encode(line);
      if (ids.length === 0) continue;
      if (at + ids.length + 1 > buffer.length) {
        await written(new Uint8Array(buffer.buffer, 0, 2 * at));
        buffer = new Uint16Array(Math.max(CHUNK_IDS, ids.length + 1));
        at = 0;
        session.signal.throwIfAborted();
        session.progress.update({ label: 'pytorch', detail: `${formatQuantity(count)} tokens of text` });
      }
      buffer.set(ids, at);
      at += ids.length;
      buffer[at++] = tokenizer.sepId;
      count += ids.length + 1;
    }
  }
  await written(new Uint8Array(buffer.buffer, 0, 2 * at));
  file.end();
  await Promise.race([once(file, 'finish'), failed]);
  if (count < least) {
    throw new LacunaError(
      'text_too_short',
      `pytorch: expected at least ${least} tokens of text for one window, got ${count}. Give more text, or a smaller --length.`,
      { least, got: count },
    );
  }
  // Only now is their number known.
  const handle = await open(path, 'r+');
  await handle.write(npyHeader(count), 0, HEADER_BYTES, 0);
  await handle.close();
  return count;
}

/** Source: NumPy's documentation of the format, version 1.0. */
function npyHeader(count: number): Uint8Array {
  const head = Buffer.alloc(HEADER_BYTES, ' ');
  head.write('\x93NUMPY\x01\x00', 0, 'latin1');
  head.writeUInt16LE(HEADER_BYTES - 10, 8);
  head.write(`{'descr': '<u2', 'fortran_order': False, 'shape': (${count},), }`, 10, 'latin1');
  head.write('\n', HEADER_BYTES - 1, 'latin1');
  return head;
}

/** A model's weights by name, with its shape beside them. */
export async function writeFloatWeights(
  path: string,
  config: ModelConfig,
  weights: Readonly<Record<string, Float32Array>>,
): Promise<void> {
  const tensors = Object.entries(parameterShapes(config)).map(([name, shape]) => {
    return [name, { dtype: 'F32', shape, data: weights[name] ?? new Float32Array(0) }] as const;
  });
  await saveBytes(path, writeSafetensors(Object.fromEntries(tensors), { config: JSON.stringify(config) }));
}

/** Throws `backend_unavailable`. */
export function expectPytorch(): string {
  const found = findPytorch();
  if ('python' in found) return found.python;
  throw new LacunaError(
    'backend_unavailable',
    `pytorch: ${found.reason}. Install it, name another Python in LACUNA_PYTHON, or give --prepare and train elsewhere.`,
    { backend: 'pytorch' },
  );
}

/** Runs the script to its end and tells how it goes; false where it was interrupted. Throws `lane_failed` with its last words. */
export async function trainInPytorch(python: string, folder: string, session: Session): Promise<boolean> {
  const child = spawn(python, [TRAIN_SCRIPT, folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: session.signal,
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000);
  });
  session.progress.note('pytorch: compiling takes a minute or two before the first step.');
  for await (const line of createInterface({ input: child.stdout })) {
    // Libraries may have something to say as well.
    if (!line.startsWith('{')) continue;
    const { fraction, tokens, seconds, loss, metrics } = JSON.parse(line) as PytorchEvent;
    if (fraction === undefined) continue;
    const top1 = metrics?.top1 === undefined ? '' : ` · top1 ${metrics.top1.toFixed(4)}`;
    const detail = `loss ${loss?.toFixed(3)} · ${formatQuantity(tokens)} tokens · ${formatQuantity(Math.round(tokens / seconds))} tokens/s${top1}`;
    session.progress.update({ label: 'pytorch', fraction, detail });
  }
  const code = await ended;
  if (session.signal.aborted) return false;
  if (code === 0) return true;
  const last = words.trim().split('\n').at(-1) ?? '';
  throw new LacunaError('lane_failed', `pytorch: the training script ended with ${code}: ${last}`, { code, words });
}
