/** Before the tests: the static assets are there, as the command of `wrangler.toml` makes them, which Vitest does not run. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export function setup(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../studio/build.ts', import.meta.url))], { stdio: 'inherit' });
}
