/** The same training step in PyTorch, in a child process that takes a step a line; absent where it is not installed. */
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { SampleShape } from '@lacuna/core';

const SCRIPT = fileURLToPath(new URL('./pytorch_step.py', import.meta.url));

export interface Pytorch {
  /** Takes a step and gives its loss; undefined when there is no PyTorch. */
  readonly step?: () => Promise<number>;
  readonly reason?: string;
  close(): void;
}

/** Debian's own interpreter has Debian's packages, whatever else is first in the path. */
const INTERPRETERS = ['python3', '/usr/bin/python3'];

/** `LACUNA_PYTHON` names another interpreter. */
export async function startPytorch(shape: SampleShape, threads: number): Promise<Pytorch> {
  const named = process.env.LACUNA_PYTHON;
  const candidates = named === undefined ? INTERPRETERS : [named];
  const python = candidates.find((path) => spawnSync(path, ['-c', 'import torch']).status === 0);
  if (python === undefined) return { reason: `${candidates.join(' and ')} cannot import torch`, close() {} };
  const { config, batchSize, length, ratio } = shape;
  const child = spawn(python, [SCRIPT, JSON.stringify({ ...config, batchSize, length, ratio, threads })], {
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
