import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunFolder } from './run-folder.ts';

let path: string;
let run: RunFolder;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'lacuna-run-'));
  run = new RunFolder(path);
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

const failed = (code: string) =>
  expect.objectContaining({ name: 'LacunaError', code, message: expect.stringContaining(path), facts: { path } });

// Every write to it ends with ENOSPC.
describe.runIf(existsSync('/dev/full'))('on a full disk', () => {
  it.each(['config.json', 'tokenizer.json'] as const)('%s is refused with disk_full', (name) => {
    symlinkSync('/dev/full', join(path, name));
    expect(() => run.writeJson(name, { some: 'values' })).toThrow(failed('disk_full'));
  });

  it('a line of the log is refused with disk_full, and the checkpoint is not touched', () => {
    writeFileSync(run.checkpoint, 'weights');
    symlinkSync('/dev/full', join(path, 'log.jsonl'));
    expect(() => run.log({ step: 1 })).toThrow(failed('disk_full'));
    expect(readFileSync(run.checkpoint, 'utf8')).toBe('weights');
  });
});

it('a folder that cannot be made is refused with write_failed', () => {
  writeFileSync(join(path, 'file'), '');
  const inside = join(path, 'file', 'run');
  expect(() => new RunFolder(inside).create()).toThrow(
    expect.objectContaining({ name: 'LacunaError', code: 'write_failed', facts: { path: inside } }),
  );
});

it('the log grows by one line of JSON an entry', () => {
  run.log({ step: 1 });
  run.log({ step: 2 });
  expect(readFileSync(join(path, 'log.jsonl'), 'utf8')).toBe('{"step":1}\n{"step":2}\n');
});
