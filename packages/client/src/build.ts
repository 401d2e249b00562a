/**
 * Builds the SDK into `dist`: ES modules for pages without a bundler, split, with workers and kernels beside them; with their
 * types a package that can be installed by itself.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build } from 'esbuild';
import { writeDeclarations } from './declarations.ts';
import { ENTRIES } from './entries.ts';
import { lacuna } from './esbuild.ts';

export const DIST = fileURLToPath(new URL('../dist/', import.meta.url));

export { writeDeclarations };

/** Writes `outdir`, which is emptied before, and tells what went into each file. */
export async function buildSdk(outdir: string = DIST): Promise<BuildResult<{ metafile: true }>> {
  await rm(outdir, { recursive: true, force: true });
  return build({
    entryPoints: Object.entries(ENTRIES).map(([out, path]) => ({
      in: fileURLToPath(new URL(path, import.meta.url)),
      out,
    })),
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

/** Adds the `package.json` of what `buildSdk` and `writeDeclarations` wrote. */
export async function writePackageJson(outdir: string): Promise<void> {
  const own = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  const { name, version, license, type, description, dependencies } = own;
  const exports = Object.fromEntries(
    Object.keys(ENTRIES).map((file) => [
      file === 'client' ? '.' : `./${file}`,
      { types: `./${file}.d.ts`, default: `./${file}.js` },
    ]),
  );
  // The typed client's types are Hono's; its code and all else are bundled.
  const made = { name, version, license, type, description, exports, dependencies: { hono: dependencies.hono } };
  await writeFile(join(outdir, 'package.json'), `${JSON.stringify(made, null, 2)}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildSdk();
  await writeDeclarations(DIST);
  await writePackageJson(DIST);
}
