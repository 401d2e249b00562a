/**
 * The newcomer's road: clones HEAD into an empty folder, runs `npm start` there, asks the server over HTTP, and ends it
 * by its process id. Exits 0 when all of it held.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const START_LIMIT_MS = 300_000;
const STOP_LIMIT_MS = 15_000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'lacuna-clone-'));
const clone = join(folder, 'lacuna');
let server;
try {
  const cloned = spawnSync('git', ['clone', '--quiet', root, clone], { stdio: 'inherit' });
  if (cloned.status !== 0) throw new Error('git clone did not succeed');
  const port = await freePort();
  const address = `http://localhost:${port}`;
  const options = { cwd: clone, stdio: 'inherit', detached: true, env: newcomersEnvironment() };
  server = spawn('npm', ['start', '--', '--port', String(port)], options);
  const ended = new Promise((resolve) => server.once('exit', (code, signal) => resolve(signal ?? code)));
  await until(`${address}/healthz`, ended);
  console.log(`ready: ${address}`);

  const studio = await fetch(address);
  const page = await studio.text();
  const isIsolated = studio.headers.get('cross-origin-opener-policy') === 'same-origin';
  expect(page.includes('Lacuna Studio') && isIsolated, 'Studio, isolated', page);

  const filled = await post(`${address}/v1/fill-mask`, { text: 'The capital of France is [MASK].' });
  const best = filled.gaps?.[0]?.[0];
  expect(typeof best?.token_str === 'string' && best.score > 0 && best.score <= 1, 'a scored token', filled);
  console.log(`fill-mask: ${best.sequence}`);

  const classified = await post(`${address}/v1/classify`, { text: 'A warm, funny and moving film.' });
  const label = classified.labels?.[0];
  expect(label?.label === 'positive' && label.score > 0.5, 'the label positive', classified);
  console.log(`classify: ${label.label} ${label.score}`);

  process.kill(server.pid, 'SIGTERM');
  const stopped = await Promise.race([ended.then(() => true), sleep(STOP_LIMIT_MS, false, { ref: false })]);
  expect(stopped, `an end within ${STOP_LIMIT_MS / 1000} s of SIGTERM`, 'a server that still runs');
  // npm does not wait for the server behind its shell.
  let answer;
  for (const limit = Date.now() + STOP_LIMIT_MS; answer !== 'refused' && Date.now() < limit; await sleep(250)) {
    answer = await fetch(`${address}/healthz`).then(
      (response) => response.status,
      () => 'refused',
    );
  }
  expect(answer === 'refused', 'nobody at the port after the end', answer);
  console.log('The fresh-clone road holds.');
} catch (error) {
  console.error(`fresh clone: ${error.message}`);
  process.exitCode = 1;
} finally {
  // Whatever is left of the server's own process group, with time to end the groups that it started.
  try {
    if (server?.pid !== undefined) {
      process.kill(-server.pid, 'SIGTERM');
      await sleep(5_000);
      process.kill(-server.pid, 'SIGKILL');
    }
  } catch {}
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

/** This process's environment without the commands and the Node 24 of this checkout, which a newcomer does not have. */
function newcomersEnvironment() {
  const path = (process.env.PATH ?? '').split(delimiter).filter((entry) => !resolve(entry).startsWith(root));
  return { ...process.env, PATH: path.join(delimiter) };
}

function expect(holds, expected, got) {
  if (!holds) throw new Error(`expected ${expected}, got ${JSON.stringify(got)}`);
}

async function post(url, body) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  expect(response.status === 200, `200 from ${url}`, { status: response.status, answer });
  return answer;
}

/** Waits until the address answers 200; throws when the server ends first or takes too long. */
async function until(url, ended) {
  const deadline = Date.now() + START_LIMIT_MS;
  let code;
  ended.then((value) => {
    code = value ?? 0;
  });
  while (Date.now() < deadline) {
    expect(code === undefined, 'a running server', `an end with ${code}`);
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    await sleep(250);
  }
  throw new Error(`expected ${url} to answer within ${START_LIMIT_MS / 1000} s`);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
