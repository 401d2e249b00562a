/**
 * Builds the site into `dist`: Studio, the default models, and the headers. Does nothing where that is what `dist` holds
 * already, as the development server and every dry run of a deployment ask for it.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const STUDIO = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIST = join(STUDIO, 'dist');
/** What is no part of the site: which sources it was made of, and who builds. */
const STAMP = join(STUDIO, 'node_modules/.built');
const LOCK = join(STUDIO, 'node_modules/.build-lock');
/** What the site is made of. */
const SOURCES = [
  ...['packages/studio/src', 'packages/studio/site', 'packages/studio/public', 'packages/studio/index.html'],
  ...['packages/studio/build.ts', 'packages/studio/vite.config.ts'],
  ...['packages/client/src', 'packages/core/src', 'packages/core/kernels', 'models', 'pnpm-lock.yaml'],
];
/** A build takes seconds: an older lock was left by one that was killed. */
const STALE_MS = 60_000;

/** Two at once make one build. */
async function buildSite(): Promise<void> {
  const wanted = fingerprint();
  while (!isBuilt(wanted)) {
    if (!lock()) {
      await sleep(100);
      continue;
    }
    try {
      if (isBuilt(wanted)) return;
      // In its place, as a server that runs follows the folder.
      await build({ root: STUDIO, logLevel: 'error', build: { outDir: DIST } });
      writeFileSync(STAMP, wanted);
    } finally {
      rmSync(LOCK, { recursive: true, force: true });
    }
  }
}

function isBuilt(wanted: string): boolean {
  return existsSync(join(DIST, 'index.html')) && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted;
}

function lock(): boolean {
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    const { mtimeMs } = statSync(LOCK, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > STALE_MS) rmSync(LOCK, { recursive: true, force: true });
    return false;
  }
}

/** Of all sources, by their content. */
function fingerprint(): string {
  const hash = createHash('sha256');
  const add = (path: string): void => {
    const full = join(ROOT, path);
    if (statSync(full).isDirectory()) for (const name of readdirSync(full).sort()) add(join(path, name));
    else if (!path.endsWith('.test.ts')) hash.update(path).update('\0').update(readFileSync(full));
  };
  for (const source of SOURCES) add(source);
  return hash.digest('hex');
}

await buildSite();
