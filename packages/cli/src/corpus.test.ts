import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TextSource } from '@lacuna/core';
import { afterAll, describe, expect, it } from 'vitest';
import { openCorpus } from './corpus.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-corpus-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return path;
}

describe('the lines of a corpus', () => {
  const paths = [file('one.txt', ['a', 'b', 'c']), file('two.txt', ['x'])];

  it('come from the texts in turn', async () => {
    const lines: string[] = [];
    for await (const line of (await openCorpus(paths, undefined)).lines()) lines.push(line);
    expect(lines).toEqual(['a', 'x', 'b', 'c']);
  });

  it.each([1, 2, 3])('leave no text open when reading stops after %d', async (count) => {
    const corpus = await openCorpus(paths, undefined);
    const open = new Set<string>();
    for (const source of corpus.sources as { -readonly [K in keyof TextSource]: TextSource[K] }[]) {
      const { name, lines } = source;
      source.lines = async function* (skip) {
        open.add(name);
        try {
          yield* lines(skip);
        } finally {
          open.delete(name);
        }
      };
    }
    let seen = 0;
    for await (const _ of corpus.lines()) if (++seen === count) break;
    expect([...open]).toEqual([]);
  });
});
