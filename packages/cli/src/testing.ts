/** Runs the command line as its users do, in a process of its own. For tests. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one line of `--json`. */
  readonly json: Record<string, unknown>;
}

export function lacuna(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  const json = args.includes('--json') ? (JSON.parse(stdout) as Record<string, unknown>) : {};
  return { status, stdout, stderr, json };
}

/** The same without holding up a server that this process runs, with these variables in its environment. */
export async function lacunaAsync(line: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...line], { env: { ...process.env, ...env } });
  const texts = Promise.all([child.stdout, child.stderr].map(text));
  const [status] = (await once(child, 'close')) as [number | null];
  const [stdout = '', stderr = ''] = await texts;
  return { status, stdout, stderr, json: line.includes('--json') ? JSON.parse(stdout) : {} };
}
