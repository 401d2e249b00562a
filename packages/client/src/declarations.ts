/**
 * The SDK's types for those who take it without the workspace: declarations of its entries and of all that they reach,
 * here and in the core. Only Hono's stay outside.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { ENTRIES } from './entries.ts';

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url));
const CLIENT = 'client/src';
const CORE = '@lacuna/core';

/** Writes a `.d.ts` an entry, and what they stand on in `types/`, to `outdir`. */
export async function writeDeclarations(outdir: string): Promise<void> {
  const { exports } = JSON.parse(await readFile(join(PACKAGES, 'core/package.json'), 'utf8')) as {
    exports: Record<string, string>;
  };
  const emitted = emit(exports);
  const written = new Set<string>();
  const write = async (source: string): Promise<void> => {
    if (written.has(source)) return;
    written.add(source);
    const text = emitted.get(source);
    if (text === undefined)
      throw new Error(`declarations: expected ${source} to be part of the SDK, got nothing of it.`);
    const reached: string[] = [];
    const own = text.replaceAll(
      /(from |import\()(['"])([^'"]+)\2/g,
      (whole, keyword: string, quote: string, path: string) => {
        if (!path.startsWith('.') && !path.startsWith(CORE)) return whole;
        const target = path.startsWith(CORE)
          ? join('core', exports[`.${path.slice(CORE.length)}`] as string)
          : join(dirname(source), path);
        reached.push(target);
        const from = relative(dirname(source), target).replace(/\.ts$/, '.js');
        return `${keyword}${quote}${from.startsWith('.') ? from : `./${from}`}${quote}`;
      },
    );
    const to = join(outdir, 'types', source.replace(/\.ts$/, '.d.ts'));
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, own);
    for (const next of reached) await write(next);
  };
  for (const [name, path] of Object.entries(ENTRIES)) {
    const source = `${CLIENT}/${path}`;
    await write(source);
    await writeFile(join(outdir, `${name}.d.ts`), `export * from './types/${source.replace(/\.ts$/, '.js')}';\n`);
  }
}

/** Every module's declarations, by its path below `packages/`. `exports`: the core's. */
function emit(exports: Readonly<Record<string, string>>): Map<string, string> {
  // By way of node_modules the core would count as a library, of which nothing is emitted.
  const paths = Object.fromEntries(
    Object.entries(exports).map(([name, path]) => [join(CORE, name), [join(PACKAGES, 'core', path)]]),
  );
  const { config } = ts.readConfigFile(join(PACKAGES, '../tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, include: [], files: [] },
    ts.sys,
    join(PACKAGES, '..'),
  );
  const roots = Object.values(ENTRIES).map((path) => join(PACKAGES, CLIENT, path));
  const program = ts.createProgram(roots, {
    ...options,
    paths,
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    noCheck: true,
    removeComments: false,
  });
  const emitted = new Map<string, string>();
  program.emit(undefined, (_, text, __, ___, sources) => {
    for (const { fileName } of sources ?? []) emitted.set(relative(PACKAGES, fileName), text);
  });
  return emitted;
}
