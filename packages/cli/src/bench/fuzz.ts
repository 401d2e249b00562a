/**
 * `lacuna bench fuzz`: thousands of requests and files that are wrong in some way, against the edge API on workerd with its
 * local bucket. Every answer must be one that the service's own description has for that route, within a second, and a good
 * request right after each bad one must be answered as ever.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LacunaError } from '@lacuna/core';
import fc from 'fast-check';
import { startBareWorkerd } from '../bare-workerd.ts';
import { compatibilityDate, edgeBundle } from '../edge-bundle.ts';
import { DEPLOYED_HEAP, freePort, startEdgeServer } from '../edge-server.ts';
import { residentBytes } from '../process-figures.ts';
import { createRootKey, keySha256 } from '../service.ts';
import { DocumentedAnswers } from './documented-answers.ts';
import { fuzzArtifacts, goodArtifact } from './fuzz-artifacts.ts';
import { type FuzzRequest, fuzzRequests } from './fuzz-requests.ts';

export interface FuzzReport {
  readonly seed: number;
  readonly requests: number;
  readonly artifacts: number;
  /** How many answers had each status. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  /** Answers over the limit that were not when they were asked for again. */
  readonly slowOnce: number;
  /** Memory of workerd half-way through its requests and after them; undefined where the system does not say. */
  readonly memory: { readonly firstMb: number; readonly lastMb: number } | undefined;
  /** What went wrong, with the smallest request that shows it; nothing when all held. */
  readonly failures: readonly string[];
}

export interface FuzzOptions {
  readonly seed?: number;
  readonly requests?: number;
  readonly artifacts?: number;
  /** A request whose answer takes longer three times is a hang: once may be the machine. */
  readonly limitMs?: number;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly location: string | undefined;
  readonly body: string;
  readonly ms: number;
}

const MODELS = fileURLToPath(new URL('../../../../models', import.meta.url));
const GIVE_UP_MS = 10_000;
const GOOD: FuzzRequest = {
  method: 'POST',
  path: '/v1/fill-mask',
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
  body: JSON.stringify({ text: 'The river flows into the [MASK].', top_k: 1 }),
};

/**
 * The requests go to workerd by itself, whose memory is then the Worker's alone; a tenth of as many others and the files go
 * through Wrangler's development server, which has the bucket. Throws `unavailable` when one does not start, `aborted`.
 */
export async function benchFuzz(options: FuzzOptions = {}): Promise<FuzzReport> {
  const { seed = 1, requests = 10_000, artifacts = 2_000, limitMs = 1_000, onProgress, signal } = options;
  const key = createRootKey();
  const vars = { ROOT_KEY_SHA256: keySha256(key), REQUESTS_PER_MINUTE: '0', LOGS: 'none', METRICS: 'on' };
  const withBucket = Math.ceil(requests / 10);
  const all = requests + withBucket + artifacts;
  const counts = { statuses: {} as Record<string, number>, slowestMs: 0, slowOnce: 0, done: 0 };
  const onEach = () => {
    if (signal?.aborted) throw new LacunaError('aborted', 'bench fuzz: stopped.', {}, { cause: signal.reason });
    counts.done++;
    if (counts.done % 100 === 0) onProgress?.(counts.done / all);
  };
  const failures: string[] = [];
  let memory: FuzzReport['memory'];

  const bare = await startBareWorkerd({
    ...{ bundle: edgeBundle(), models: MODELS, compatibilityDate: compatibilityDate(), vars, signal },
  });
  const alone = await openTarget(bare.address, key, counts, limitMs);
  try {
    let firstBytes: number | undefined;
    const property = alone.requests(() => {
      onEach();
      if (counts.done === Math.ceil(requests / 2)) firstBytes = residentBytes(bare.pid);
    });
    failures.push(...(await failuresOf(property, seed, requests)));
    const lastBytes = residentBytes(bare.pid);
    const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
    if (firstBytes !== undefined && lastBytes !== undefined)
      memory = { firstMb: mb(firstBytes), lastMb: mb(lastBytes) };
    if (!bare.alive()) failures.push('workerd ended.');
  } finally {
    alone.close();
    await bare.stop();
  }

  const state = mkdtempSync(join(tmpdir(), 'lacuna-fuzz-'));
  const settings = { port: await freePort(), output: 'ignore', vars, state, v8Flags: DEPLOYED_HEAP, signal } as const;
  const server = await startEdgeServer(settings);
  const whole = await openTarget(server.address, key, counts, limitMs);
  try {
    failures.push(...(await failuresOf(whole.requests(onEach), seed + 1, withBucket)));
    failures.push(...(await failuresOf(whole.artifacts(onEach, await goodArtifact()), seed, artifacts)));
  } finally {
    whole.close();
    await server.stop();
    rmSync(state, { recursive: true, force: true });
  }
  const { statuses, slowestMs, slowOnce } = counts;
  return { seed, requests: requests + withBucket, artifacts, statuses, slowestMs, slowOnce, memory, failures };
}

interface Counts {
  readonly statuses: Record<string, number>;
  slowestMs: number;
  slowOnce: number;
}

/** A server to throw requests at, with what it says of itself and what it answers to a good one. */
async function openTarget(address: string, key: string, counts: Counts, limitMs: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async (given: FuzzRequest) => {
    const answer = await send(agent, address, given);
    counts.slowestMs = Math.max(counts.slowestMs, answer.ms);
    counts.statuses[answer.status] = (counts.statuses[answer.status] ?? 0) + 1;
    if (answer.ms > limitMs) {
      const again = [await send(agent, address, given), await send(agent, address, given)];
      if (again.every(({ ms }) => ms > limitMs)) throw new Error(`took ${answer.ms.toFixed(0)} ms, and so again`);
      counts.slowOnce++;
    }
    return answer;
  };
  const documented = new DocumentedAnswers(JSON.parse((await send(agent, address, get('/openapi.json'))).body));
  const { body: expected } = await send(agent, address, GOOD);
  const askDocumented = async (given: FuzzRequest) => {
    const answer = await ask(given);
    const wrong = documented.objection(given.method, given.path, answer);
    if (wrong !== undefined) throw new Error(wrong);
    return answer;
  };
  const stillGood = async () => {
    const { status, body } = await ask(GOOD);
    if (body !== expected) throw new Error(`then a good request got ${status}: ${body.slice(0, 200)}`);
  };
  return {
    requests: (onEach: () => void) =>
      fc.asyncProperty(fuzzRequests(key), async (given) => {
        onEach();
        if ((await askDocumented(given)).status >= 400) await stillGood();
      }),
    artifacts: (onEach: () => void, good: Uint8Array) =>
      fc.asyncProperty(fuzzArtifacts(good), async (body) => {
        onEach();
        const path = '/v1/models/fuzz';
        const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/octet-stream' };
        const published = await askDocumented({ method: 'PUT', path, headers, body });
        if (published.status < 300) {
          const text = JSON.stringify({ text: 'the [MASK] flows', model: 'fuzz', top_k: 1 });
          const answer = await ask({ ...GOOD, body: text });
          if (answer.status !== 200) throw new Error(`was published and answers ${answer.status}: ${answer.body}`);
          await ask({ method: 'DELETE', path, headers, body: undefined });
        }
        await stillGood();
      }),
    close: () => agent.destroy(),
  };
}

/** Runs a property to its first failure, which is then made as small as it can be. Throws `aborted`. */
async function failuresOf<T>(property: fc.IAsyncProperty<T>, seed: number, numRuns: number): Promise<string[]> {
  const found = await fc.check(property, { seed, numRuns });
  if (!found.failed) return [];
  if (found.errorInstance instanceof LacunaError && found.errorInstance.code === 'aborted') throw found.errorInstance;
  const [message = ''] = String(found.errorInstance).split('\n');
  return [`${message} (after ${found.numRuns} runs): ${fc.stringify(found.counterexample).slice(0, 1_000)}`];
}

const get = (path: string): FuzzRequest => ({ method: 'GET', path, headers: {}, body: undefined });

/** One request; sent again where the server closed a connection that was waiting for it, as every client must. */
async function send(agent: Agent, address: string, given: FuzzRequest): Promise<Answer> {
  try {
    return await sendOnce(agent, address, given);
  } catch (error) {
    if (!(error instanceof Error && 'reused' in error)) throw error;
    return sendOnce(agent, address, given);
  }
}

function sendOnce(agent: Agent, address: string, { method, path, headers, body }: FuzzRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const { hostname, port } = new URL(address);
    const bytes = body === undefined ? undefined : Buffer.from(body as string);
    const length = bytes === undefined ? {} : { 'content-length': bytes.length };
    const options = { agent, hostname, port, method, path, headers: { ...headers, ...length }, timeout: GIVE_UP_MS };
    const sent = request(options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          location: response.headers.location,
          body: Buffer.concat(pieces).toString('utf8'),
          ms: performance.now() - begun,
        }),
      );
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${GIVE_UP_MS} ms`)));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const closed = sent.reusedSocket && error.code === 'ECONNRESET';
      reject(closed ? Object.assign(error, { reused: true }) : error);
    });
    sent.end(bytes);
  });
}
