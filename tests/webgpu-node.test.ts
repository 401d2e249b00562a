/** The command line on WebGPU through Dawn, by software: the Vulkan driver that comes with Chromium. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { browserPath } from './chromium.ts';
import { ROOT } from './repository.ts';

const folder = mkdtempSync(join(tmpdir(), 'lacuna-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Where a Chromium keeps its software driver and the Vulkan loader. */
const drivers = ['/usr/lib/chromium', dirname(browserPath())].find(
  (path) => existsSync(join(path, 'vk_swiftshader_icd.json')) && existsSync(join(path, 'libvulkan.so.1')),
);
const withDriver: Readonly<Record<string, string>> | undefined =
  drivers === undefined
    ? undefined
    : { VK_DRIVER_FILES: join(drivers, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: drivers };
/** Nothing that Vulkan could find. */
const withoutDriver = { VK_DRIVER_FILES: join(folder, 'none.json'), LD_LIBRARY_PATH: folder };

function pretrain(name: string, backend: string, env: Readonly<Record<string, string>>) {
  const sizes = ['--config', 'tiny', '--steps', '2', '--batch-tokens', '64', '--length', '32', '--vocab-size', '128'];
  const line = ['pretrain', '--text', 'embedded', ...sizes, '--tokenizer-bytes', '50000', '--backend', backend];
  const args = [`${ROOT}packages/cli/src/main.ts`, ...line, '--out', join(folder, name), '--json'];
  return spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 200_000,
  });
}

describe('lacuna pretrain', () => {
  it.skipIf(!withDriver)(
    'trains on webgpu, by software where there is no GPU',
    () => {
      const { status, stdout, stderr } = pretrain('gpu', 'webgpu', withDriver ?? {});
      expect([status, stderr]).toEqual([0, expect.not.stringContaining('error[')]);
      expect(JSON.parse(stdout)).toMatchObject({ backend: 'webgpu', lanes: 1, step: 2 });
    },
    200_000,
  );

  it('says that there is no adapter, and what runs everywhere', () => {
    const { status, stdout, stderr } = pretrain('none', 'webgpu', withoutDriver);
    expect([status, JSON.parse(stdout).error]).toEqual([
      1,
      {
        code: 'backend_unavailable',
        message: expect.stringMatching(/^webgpu: no adapter was found\..*"wasm" runs everywhere\.$/),
      },
    ]);
    // Before any work is done.
    expect(stderr).not.toContain('tokenizer');
  });

  it('falls back with --backend auto, and says so', () => {
    const { status, stdout, stderr } = pretrain('auto', 'auto', withoutDriver);
    expect([status, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ backend: 'wasm' })]);
    expect(stderr).toMatch(/not used: webgpu \(webgpu: no adapter was found/);
    expect(stderr).toMatch(/backend: wasm\n/);
  }, 120_000);
});
