/** Builds the SDK for pages without a bundler into `dist`: ES modules, split, with workers and kernels beside them. */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';
import { lacuna } from './esbuild.ts';

export const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

/** Writes `outdir`, which is emptied before, and tells what went into each file. */
export async function buildSdk(outdir: string = DIST): Promise<BuildResult<{ metafile: true }>> {
  await rm(outdir, { recursive: true, force: true });
  const entry = (out: string, path: string) => ({ in: fileURLToPath(new URL(path, import.meta.url)), out });
  return build({
    entryPoints: [
      entry('client', './index.ts'),
      entry('training', './training/index.ts'),
      entry('local', './local/index.ts'),
      entry('compare', './compare/index.ts'),
    ],
    outdir,
    plugins: [lacuna()],
    bundle: true,
    minify: true,
    splitting: true,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSdk();
