/** The Python that has PyTorch, where there is one. */
import { spawnSync } from 'node:child_process';

/** Debian's own interpreter has Debian's packages, whatever else is first in the path. */
const INTERPRETERS = ['python3', '/usr/bin/python3'];

/** An interpreter that imports torch, or why there is none. `LACUNA_PYTHON` names another one. */
export function findPytorch(): { readonly python: string } | { readonly reason: string } {
  const named = process.env.LACUNA_PYTHON;
  const candidates = named === undefined ? INTERPRETERS : [named];
  const python = candidates.find((path) => spawnSync(path, ['-c', 'import torch']).status === 0);
  return python === undefined ? { reason: `${candidates.join(' and ')} cannot import torch` } : { python };
}
