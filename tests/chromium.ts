/** Where the browser of the browser tests is. */
import { spawnSync } from 'node:child_process';

/** `LACUNA_BROWSER`, or the first Chromium on the path. */
export function browserPath(): string {
  const { LACUNA_BROWSER: given } = process.env;
  if (given) return given;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  throw new Error(
    'browser: expected Chromium on the path or LACUNA_BROWSER, got neither. npm test installs it on Debian.',
  );
}
