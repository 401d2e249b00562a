/** The same training step in PyTorch, in a child process that takes a step a line; absent where it is not installed. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SampleShape } from '@lacuna/core';
import { findPytorch } from '../python.ts';

const SCRIPT = fileURLToPath(new URL('../../../../scripts/pytorch/step.py', import.meta.url));

export interface Pytorch {
  /** Takes a step and gives its loss; undefined when there is no PyTorch. */
  readonly step?: () => Promise<number>;
  readonly reason?: string;
  close(): void;
}

export async function startPytorch(shape: SampleShape, threads: number): Promise<Pytorch> {
  const found = findPytorch();
  if ('reason' in found) return { reason: found.reason, close() {} };
  const { config, batchSize, length, ratio } = shape;
  const child = spawn(found.python, [SCRIPT, JSON.stringify({ ...config, batchSize, length, ratio, threads })], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: `${threads}`, OPENBLAS_NUM_THREADS: `${threads}` },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async step() {
      child.stdin.write('step\n');
      const { done, value } = await lines.next();
      if (done) throw new Error('bench train: the PyTorch process ended.');
      return Number(value);
    },
    close() {
      child.stdin.end();
    },
  };
}
