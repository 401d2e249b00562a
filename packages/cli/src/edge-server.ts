/** Runs the edge API on this machine: Wrangler's local mode with the real workerd, on the loopback interface only. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LacunaError } from '@lacuna/core/errors';
import { type ProcessGroup, spawnGroup } from './process-group.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 4_000;
/**
 * Local runtimes let a heap grow without collecting it; a deployment's isolate has 128 MB, of which models may take half.
 * What is measured on this machine is given no more.
 */
export const DEPLOYED_HEAP = '--max-heap-size=64';
const HOST = '127.0.0.1';
/** Where else `localhost` may lead. */
const HOST_V6 = '::1';

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
  /** Settings in place of those in `wrangler.toml`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Where stored models and keys are kept; by default `.wrangler` at the top, from one start to the next. */
  readonly state?: string;
  /** Flags of the runtime's engine. */
  readonly v8Flags?: string;
  /** Where Wrangler's own output goes. */
  readonly output: 'inherit' | 'ignore';
  readonly signal?: AbortSignal;
}

/**
 * Starts the server and waits until it answers. Throws `unavailable` when the port is taken or it does not come up,
 * `aborted` when the signal says so before.
 */
export async function startEdgeServer(options: EdgeServerOptions): Promise<EdgeServer> {
  await requireFreePort(options.port);
  if (options.models !== undefined && !existsSync(options.models)) {
    throw new LacunaError('file_not_found', `serve: expected a folder of models, got ${options.models}.`);
  }
  // It starts a bundler and workerd.
  const group = spawnGroup(process.execPath, wranglerLine(options), {
    cwd: ROOT,
    stdio: ['ignore', options.output, options.output],
    env: {
      ...process.env,
      ...{ WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', CI: 'true' },
      ...(options.v8Flags === undefined ? {} : { MINIFLARE_WORKERD_V8_FLAGS: options.v8Flags }),
    },
  });
  const stop = () => group.stop(STOP_LIMIT_MS);
  try {
    await untilHealthy(options.port, group, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: `http://localhost:${options.port}`, ended: group.ended, stop };
}

function wranglerLine({ port, models, vars = {}, state }: EdgeServerOptions): string[] {
  return [
    '--no-warnings',
    resolve(ROOT, 'node_modules/wrangler/wrangler-dist/cli.js'),
    ...['dev', '--local', '--ip', HOST, '--port', String(port), '--inspector-port', '0'],
    ...['--show-interactive-dev-session', 'false', '--log-level', 'warn'],
    ...(models === undefined ? [] : ['--assets', resolve(models)]),
    ...(state === undefined ? [] : ['--persist-to', resolve(state)]),
    ...Object.entries(vars).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ];
}

async function untilHealthy(port: number, group: ProcessGroup, signal: AbortSignal | undefined): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline) {
    if (signal?.aborted) {
      throw new LacunaError('aborted', 'serve: stopped before the server was ready.', {}, { cause: signal.reason });
    }
    const outcome = group.outcome();
    if (outcome !== undefined) {
      throw new LacunaError('unavailable', `serve: expected a running server, got an end with ${outcome}.`);
    }
    const limit = AbortSignal.timeout(5_000);
    const answered = await fetch(`http://${HOST}:${port}/healthz`, {
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    }).then(
      (response) => response.ok,
      () => false,
    );
    if (answered) return;
    await sleep(100);
  }
  throw new LacunaError('unavailable', `serve: expected an answer within ${START_LIMIT_MS / 1000} s, got none.`);
}

/** On every address of `localhost`: whoever listens on the other one would get requests that are meant for us. */
async function requireFreePort(port: number): Promise<void> {
  for (const host of [HOST, HOST_V6]) {
    try {
      await listenOnce(host, port);
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      const withoutV6 = code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT';
      if (host === HOST_V6 && withoutV6) continue;
      throw new LacunaError(
        'unavailable',
        `serve: expected port ${port} to be free, got ${message}. Choose another --port.`,
        { port, host },
        { cause },
      );
    }
  }
}

/** A port of the loopback interface that nobody listens on. */
export function freePort(): Promise<number> {
  return listenOnce(HOST, 0);
}

/** Listens there for a moment and says on which port. */
async function listenOnce(host: string, port: number): Promise<number> {
  const probe = createServer();
  probe.listen(port, host);
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
