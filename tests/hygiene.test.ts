/** What may stand in no file: places on some machine, hosts of registries, files that hold too much. */
import { expect, it } from 'vitest';
import { repositoryFiles, textOf } from './repository.ts';

const files = repositoryFiles();

function linesMatching(pattern: RegExp, paths: readonly string[]): string[] {
  return paths.flatMap((path) =>
    (textOf(path) ?? '')
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1} ${line.trim()}`] : [])),
  );
}

it('no file names a path of a machine', () => {
  const path = new RegExp(`(^|[\\s"'\`(=:])/(${['work', 'root', 'home', 'Users', 'farm', 'mnt'].join('|')})/`);
  expect(linesMatching(path, files)).toEqual([]);
});

it('no file names the host of a package registry', () => {
  const host = new RegExp(['registry', 'npmjs'].join('\\.'));
  const scheme = new RegExp(`https?://[^ ]*${'regis'}${'try'}`);
  expect([...linesMatching(host, files), ...linesMatching(scheme, files)]).toEqual([]);
});

it('the lock file holds checksums and no addresses', () => {
  const lock = textOf('pnpm-lock.yaml') ?? '';
  expect(lock).toContain('integrity: sha512-');
  expect(lock).not.toMatch(/https?:|tarball:/);
});

it('source files hold at most 300 lines', () => {
  const sources = files.filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !path.endsWith('.d.ts'));
  const long = sources.filter((path) => (textOf(path) ?? '').split('\n').length > 301);
  expect(long).toEqual([]);
});
