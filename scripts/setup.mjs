/**
 * Makes a fresh clone runnable with Node 20 and npm alone: bootstraps pnpm at the version that package.json names,
 * installs from the frozen lock file, and finds the Node 24 which the `node` dev dependency brings.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The Node 24 of the dev dependency: the real binary, as the wrapper in `.bin` would swallow signals. */
export const node24 = join(root, 'node_modules/node/bin', process.platform === 'win32' ? 'node.exe' : 'node');

const SUPPORTED_NODE = 20;

/** The environment for children: Node 24 and the workspace's commands come first on the path. */
export function environment(extra = {}) {
  const path = [dirname(node24), join(root, 'node_modules/.bin'), process.env.PATH ?? ''].join(delimiter);
  return { ...process.env, PATH: path, ...extra };
}

/** Installs the workspace from the lock file unless what is installed already matches it byte for byte. */
export function install() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < SUPPORTED_NODE) {
    fail(`setup: expected Node ${SUPPORTED_NODE} or later, got ${process.version}. See nodejs.org.`);
  }
  if (isInstalled()) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.error(`Installing the workspace with ${packageManager} (the first time takes a minute) …`);
  const result = spawnSync('npx', ['--yes', packageManager, 'install', '--frozen-lockfile', '--prefer-offline'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
    // npm's own setting, for the `node` package whose install script asks npm for the platform's binary.
    env: { ...process.env, CI: 'true', npm_config_prefer_offline: 'true' },
  });
  if (result.status !== 0) fail('setup: the install did not succeed. Its messages stand above.');
  if (!existsSync(node24)) {
    fail(`setup: expected ${node24} after the install. Were install scripts switched off (ignore-scripts)?`);
  }
}

function isInstalled() {
  const installed = join(root, 'node_modules/.pnpm/lock.yaml');
  if (!existsSync(installed) || !existsSync(node24)) return false;
  if (!readFileSync(installed).equals(readFileSync(join(root, 'pnpm-lock.yaml')))) return false;
  return ['tests', 'examples', ...readdirSync(join(root, 'packages')).map((name) => `packages/${name}`)]
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .every((folder) => existsSync(join(root, folder, 'node_modules')));
}

/**
 * Runs a command to its end and resolves with its exit code. SIGINT, SIGTERM and SIGHUP are passed on, so that ending
 * this process ends the child too.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: environment(), ...options });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const pass = (signal) => child.kill(signal);
    for (const signal of signals) process.on(signal, pass);
    const end = (code) => {
      for (const signal of signals) process.off(signal, pass);
      resolve(code);
    };
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      end(1);
    });
    child.on('exit', (code, signal) => end(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

/** Prints why and ends with exit code 1. */
export function fail(message) {
  console.error(message);
  process.exit(1);
}
