/** Builds this page into the folder that is named, or `dist`. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lacuna } from '@lacuna/client/esbuild';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));
const outdir = process.argv[2] ?? join(here, 'dist');

await build({
  entryPoints: [join(here, 'main.ts')],
  // Adds the SDK's workers and kernels to what is built.
  plugins: [lacuna()],
  bundle: true,
  minify: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  outdir,
});
await copyFile(join(here, 'index.html'), join(outdir, 'index.html'));
