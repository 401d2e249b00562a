/** Runs the edge API on this machine: Wrangler's local mode with the real workerd, on the loopback interface only. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LacunaError } from '@lacuna/core/errors';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 4_000;
const HOST = '127.0.0.1';

export interface EdgeServer {
  readonly address: string;
  /** Settles when the server has ended by itself. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface EdgeServerOptions {
  readonly port: number;
  /** A folder of artifacts served in place of the default models. */
  readonly models?: string;
  /** Where Wrangler's own output goes. */
  readonly output: 'inherit' | 'ignore';
  readonly signal?: AbortSignal;
}

/** Starts the server and waits until it answers. Throws `unavailable` when the port is taken or it does not come up. */
export async function startEdgeServer(options: EdgeServerOptions): Promise<EdgeServer> {
  await requireFreePort(options.port);
  if (options.models !== undefined && !existsSync(options.models)) {
    throw new LacunaError('file_not_found', `serve: expected a folder of models, got ${options.models}.`);
  }
  const child = spawn(process.execPath, wranglerLine(options), {
    cwd: ROOT,
    stdio: ['ignore', options.output, options.output],
    // A process group of its own, so that stopping it reaches the bundler and workerd too.
    detached: true,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', CI: 'true' },
  });
  const exited = once(child, 'exit');
  const stop = () => stopGroup(child, exited);
  const address = `http://localhost:${options.port}`;
  try {
    await untilHealthy(address, child, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address, ended: exited.then(() => undefined), stop };
}

function wranglerLine({ port, models }: EdgeServerOptions): string[] {
  return [
    '--no-warnings',
    resolve(ROOT, 'node_modules/wrangler/wrangler-dist/cli.js'),
    ...['dev', '--local', '--ip', HOST, '--port', String(port), '--inspector-port', '0'],
    ...['--show-interactive-dev-session', 'false', '--log-level', 'warn'],
    ...(models === undefined ? [] : ['--assets', resolve(models)]),
  ];
}

async function untilHealthy(address: string, child: ChildProcess, signal: AbortSignal | undefined): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline) {
    signal?.throwIfAborted();
    if (child.exitCode !== null) {
      throw new LacunaError('unavailable', `serve: expected a running server, got an end with ${child.exitCode}.`);
    }
    const answered = await fetch(`${address}/healthz`, { signal: AbortSignal.timeout(5_000) }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new LacunaError('unavailable', `serve: expected an answer within ${START_LIMIT_MS / 1000} s, got none.`);
}

async function stopGroup(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    signalGroup(child, 'SIGTERM');
    await Promise.race([exited, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
  }
  // Anything of the group that outlived its leader.
  signalGroup(child, 'SIGKILL');
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

async function requireFreePort(port: number): Promise<void> {
  const probe = createServer();
  probe.listen(port, HOST);
  try {
    await once(probe, 'listening');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new LacunaError(
      'unavailable',
      `serve: expected port ${port} to be free, got ${reason}. Choose another --port.`,
    );
  }
  probe.close();
  await once(probe, 'close');
}

/** A port of the loopback interface that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, HOST);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
