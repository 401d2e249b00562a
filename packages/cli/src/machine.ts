/** What every JSON answer says of the run: version, Node, processor, date. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

export interface RunFacts {
  readonly lacuna: string;
  readonly node: string;
  readonly cpu: string;
  readonly date: string;
}

export function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

export function runFacts(): RunFacts {
  const [first] = cpus();
  return {
    lacuna: version(),
    node: process.version,
    cpu: first === undefined ? 'unknown' : `${first.model.trim()} × ${cpus().length}`,
    date: new Date().toISOString(),
  };
}

/** The commit that this checkout stands at, `+` behind it when files differ from it; undefined outside of git. */
export function commit(): string | undefined {
  const git = (...args: string[]) =>
    spawnSync('git', args, { cwd: new URL('.', import.meta.url), encoding: 'utf8' }).stdout?.trim();
  const hash = git('rev-parse', '--short=12', 'HEAD');
  if (!hash) return undefined;
  return git('status', '--porcelain', '--untracked-files=no') ? `${hash}+` : hash;
}
