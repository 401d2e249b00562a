/**
 * A plugin for esbuild, which leaves `new URL('…', import.meta.url)` as it stands: builds the SDK's workers beside the page's
 * bundle, copies the kernels there, and sets the addresses right. Wants `splitting`, the format `esm` and an `outdir`.
 */

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildOptions, Plugin } from 'esbuild';

const KERNELS = ['simd', 'relaxed', 'inference', 'inference-relaxed'];

/** What lies beside the bundle: workers by the names of their sources, and the kernels. */
const FILES = [
  { in: fileURLToPath(new URL('./training/trainer-worker.ts', import.meta.url)), out: 'trainer-worker' },
  { in: fileURLToPath(new URL('./local/model-worker.ts', import.meta.url)), out: 'model-worker' },
  { in: fileURLToPath(new URL('./compare/compare-worker.ts', import.meta.url)), out: 'compare-worker' },
  { in: fileURLToPath(import.meta.resolve('@lacuna/core/lane-worker')), out: 'lane-worker' },
  ...KERNELS.map((out) => ({ in: fileURLToPath(import.meta.resolve(`@lacuna/core/kernels/${out}.wasm`)), out })),
];

/** Sources of the SDK that hold such an address. */
const ADDRESSING = /[\\/](trainer|kept-model|load-model|compare|lanes-browser|load-browser)\.ts$/;
const ADDRESS = /new URL\('([^']+)', import\.meta\.url\)/g;

export function lacuna(): Plugin {
  return {
    name: 'lacuna',
    setup(build) {
      const options = build.initialOptions;
      options.entryPoints = [...entriesOf(options), ...FILES];
      options.loader = { ...options.loader, '.wasm': 'copy' };
      build.onLoad({ filter: ADDRESSING }, async ({ path }) => ({
        loader: 'ts',
        contents: (await readFile(path, 'utf8')).replaceAll(ADDRESS, (_, file: string) => {
          const beside = `./${basename(file).replace(/\.ts$/, '.js')}`;
          return `new URL('${beside}', import.meta.url)`;
        }),
      }));
    },
  };
}

/** The page's own entries, each named by its file, so that more entries do not move them. */
function entriesOf({ entryPoints = [] }: BuildOptions): { in: string; out: string }[] {
  if (!Array.isArray(entryPoints)) return Object.entries(entryPoints).map(([out, path]) => ({ in: path, out }));
  return entryPoints.map((entry) =>
    typeof entry === 'string' ? { in: entry, out: basename(entry).replace(/\.\w+$/, '') } : entry,
  );
}
