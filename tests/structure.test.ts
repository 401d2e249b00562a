/** The road is one way: what stands where, and who may import whom. */
import { dirname, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryFiles, textOf } from './repository.ts';

/** Folders of packages/core/src from the start of the road to its end; a folder imports only from those before it. */
const ROAD = [
  ...['errors.ts', 'tensor', 'random', 'ops', 'model', 'text', 'data', 'masking', 'losses', 'autograd', 'optim'],
  ...[
    'training',
    'quantize',
    'artifact',
    'onnx',
    'checkpoint',
    'distill',
    'inference',
    'explain',
    'comparison',
    'backends',
  ],
];

/** Those that make the backends of lanes and one that is an entry say which; all other code is given one. */
const NAME_A_BACKEND = [
  ...['training/lane-backend-node.ts', 'training/lanes-browser.ts', 'training/lane-worker.ts'],
  'inference/index.ts',
];

const CORE = 'packages/core/src/';

/** Shared groundwork of tests, and tests, may import anything. */
const isTest = (path: string) => /\.test\.ts$|conformance|oracle|testing/.test(path);

interface Import {
  readonly from: string;
  readonly to: string;
}

function importsOf(path: string): Import[] {
  const text = textOf(path) ?? '';
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] as string);
  return specifiers
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => ({ from: path, to: posix.normalize(posix.join(dirname(path), specifier)) }));
}

const sources = repositoryFiles().filter((path) => path.startsWith(CORE) && path.endsWith('.ts') && !isTest(path));
const folderOf = (path: string) => path.slice(CORE.length).split('/')[0] as string;
const isEntry = (path: string) => !path.slice(CORE.length).includes('/') && folderOf(path) !== 'errors.ts';

describe('packages/core/src', () => {
  it('has only folders that stand on the road', () => {
    const folders = new Set(sources.filter((path) => !isEntry(path)).map(folderOf));
    expect([...folders].filter((folder) => !ROAD.includes(folder))).toEqual([]);
    expect(folders.size).toBeGreaterThan(8);
  });

  it('imports only from folders before on the road', () => {
    const backwards = sources
      .filter((path) => !isEntry(path))
      .flatMap(importsOf)
      .filter(({ to }) => to.startsWith(CORE))
      .filter(({ from, to }) => ROAD.indexOf(folderOf(to)) > ROAD.indexOf(folderOf(from)) || isEntry(to))
      .filter(({ from, to }) => !(folderOf(to) === 'backends' && NAME_A_BACKEND.includes(from.slice(CORE.length))));
    expect(backwards.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('leaves the core only through packages, never by a path', () => {
    const outside = sources.flatMap(importsOf).filter(({ to }) => !to.startsWith('packages/core/'));
    expect(outside).toEqual([]);
  });
});

describe('a backend', () => {
  it('keeps backward code out of its inference entry', () => {
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      for (const { to } of valueImportsOf(path)) visit(to);
    };
    const entries = sources.filter((path) => path.endsWith('/inference.ts') && folderOf(path) === 'backends');
    for (const entry of [...entries, `${CORE}inference/index.ts`]) visit(entry);
    expect([...reached].filter((path) => /training|autograd|optim|[Bb]ackward/.test(path.slice(CORE.length)))).toEqual(
      [],
    );
  });
});

it('other packages reach a backend through the core’s entries only', () => {
  const others = repositoryFiles().filter((path) => /^packages\/(worker|client|cli)\/.*\.(ts|mjs)$/.test(path));
  // Addresses too: `new URL('…', import.meta.url)` starts threads.
  const reaching = others.filter((path) => /['"`][^'"`\n]*(?:core\/src|\/backends)\//.test(textOf(path) ?? ''));
  expect(others.length).toBeGreaterThan(50);
  expect(reaching).toEqual([]);
});

/** Imports that are still there when the types are gone. */
function valueImportsOf(path: string): Import[] {
  const text = (textOf(path) ?? '').replace(/(?:import|export) type [^;]*;/g, '');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] as string);
  return specifiers.map((specifier) => ({ from: path, to: posix.normalize(posix.join(dirname(path), specifier)) }));
}
