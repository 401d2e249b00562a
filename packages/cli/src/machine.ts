/** What every JSON answer says of the run: version, Node, processor, date. */
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
