/** What the README says of ONNX, done as it says: the command, then the program, whose output is the README's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { ROOT, textOf } from './repository.ts';

it('the README’s program fills a gap in onnxruntime', () => {
  const [, section = ''] = (textOf('README.md') ?? '').match(/\n## Other runtimes\n(.*?)\n## /s) ?? [];
  const [commands = '', program = '', printed] = Array.from(
    section.matchAll(/```\w*\n(.*?)```/gs),
    ([, block]) => block,
  );
  const [command = ''] = commands.split('\n');
  const words = command.replace('models/', `${ROOT}models/`).split(' ');
  expect(words.slice(0, 3)).toEqual(['npx', 'lacuna', 'export']);
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-onnx-'));
  const node = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
    });
    expect(status, stderr).toBe(0);
    return stdout;
  };
  try {
    node(`${ROOT}packages/cli/src/main.ts`, ...words.slice(2));
    symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), join(folder, 'node_modules'), 'dir');
    writeFileSync(join(folder, 'try-onnx.mjs'), program);
    expect(node('try-onnx.mjs')).toBe(printed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
