/** The Worker as it would be deployed, without deploying it: Wrangler's dry run into a folder. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { LacunaError } from '@lacuna/core/errors';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface BundleFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * The files that would be uploaded as the Worker's script: JavaScript and kernels, no models. `readable`: with the names that
 * the sources have. Throws `internal`.
 */
export function edgeBundle({ readable = false } = {}): BundleFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-bundle-'));
  try {
    const wrangler = resolve(ROOT, 'node_modules/wrangler/wrangler-dist/cli.js');
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ['--no-warnings', wrangler, 'deploy', '--dry-run', '--outdir', folder, ...(readable ? ['--no-minify'] : [])],
      { cwd: ROOT, encoding: 'utf8', env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true' } },
    );
    if (status !== 0)
      throw new LacunaError('internal', `bundle: wrangler deploy --dry-run failed.\n${stdout}${stderr}`);
    return readdirSync(folder)
      .filter((name) => /\.(m?js|wasm)$/.test(name))
      .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Bytes after gzip, each file by itself. */
export function gzipBytes(files: readonly BundleFile[]): number {
  return files.reduce((sum, { bytes }) => sum + gzipSync(bytes, { level: 9 }).length, 0);
}

/** The runtime's date that the deployment asks for. */
export function compatibilityDate(): string {
  const date = /^compatibility_date = "(.+)"$/m.exec(readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'))?.[1];
  if (date === undefined) throw new LacunaError('internal', 'bundle: wrangler.toml must name a compatibility_date.');
  return date;
}
