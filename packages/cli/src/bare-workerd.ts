/** The Worker's bundle on workerd by itself, as a deployment runs it: no development server between it and the client. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { LacunaError } from '@lacuna/core/errors';
import type { BundleFile } from './edge-bundle.ts';
import { DEPLOYED_HEAP, freePort } from './edge-server.ts';
import { spawnGroup } from './process-group.ts';

const WRANGLER = fileURLToPath(new URL('../../../node_modules/wrangler/package.json', import.meta.url));
const START_LIMIT_MS = 20_000;

export interface BareWorkerdOptions {
  readonly bundle: readonly BundleFile[];
  /** The folder that stands for the static assets. */
  readonly models: string;
  readonly compatibilityDate: string;
  /** The Worker's variables. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The one core that it may run on; any without it. */
  readonly core?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BareWorkerd {
  readonly address: string;
  readonly pid: number;
  /** Whether it runs still. */
  alive(): boolean;
  stop(): Promise<void>;
}

/** Starts workerd and waits until it listens; no request has been made then. Throws `unavailable`, `aborted`. */
export async function startBareWorkerd(options: BareWorkerdOptions): Promise<BareWorkerd> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-workerd-'));
  for (const { name, bytes } of options.bundle) writeFileSync(join(folder, name), bytes);
  writeFileSync(join(folder, 'config.capnp'), capnp(options, port));
  const line = [workerdPath(), 'serve', join(folder, 'config.capnp')];
  const pinned = options.core === undefined ? line : ['taskset', '-c', String(options.core), ...line];
  const group = spawnGroup(pinned[0] as string, pinned.slice(1), { stdio: 'ignore' });
  const stop = async () => {
    await group.stop(0);
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await listens(port))) {
    const { signal } = options;
    if (signal?.aborted) {
      await stop();
      throw new LacunaError('aborted', 'workerd: stopped before it listened.', {}, { cause: signal.reason });
    }
    if (group.outcome() !== undefined || Date.now() > deadline) {
      await stop();
      throw new LacunaError('unavailable', 'workerd: expected it to listen, got none. Does `lacuna serve` start?');
    }
    await sleep(20);
  }
  const alive = () => group.outcome() === undefined;
  return { address: `http://127.0.0.1:${port}`, pid: group.pid ?? 0, alive, stop };
}

/** The very binary that Wrangler runs. */
function workerdPath(): string {
  return (createRequire(realpathSync(WRANGLER))('workerd') as { default: string }).default;
}

function capnp({ bundle, models, compatibilityDate, vars = {} }: BareWorkerdOptions, port: number): string {
  const scriptFirst = [...bundle].sort((a, b) => Number(b.name.endsWith('.js')) - Number(a.name.endsWith('.js')));
  const modules = scriptFirst.map(
    ({ name }) => `(name = "${name}", ${name.endsWith('.js') ? 'esModule' : 'wasm'} = embed "${name}")`,
  );
  const bindings = Object.entries(vars).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "models", disk = (path = ${JSON.stringify(resolve(models))})),
  ],
  v8Flags = ["${DEPLOYED_HEAP}"],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [${modules.join(', ')}],
  compatibilityDate = "${compatibilityDate}",
  bindings = [${['(name = "ASSETS", service = "models")', ...bindings].join(', ')}],
);
`;
}

function listens(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => settle(true)).once('error', () => settle(false));
    socket.once('connect', () => socket.destroy());
  });
}
