/**
 * `lacuna bench edge`: the edge API through HTTP on workerd, on this machine. Times the first prediction after the
 * runtime listens (model load included; the median of several starts), then predictions one after the other over one
 * connection. The main figures are
 * of workerd by itself, which is what a deployment runs; those through Wrangler's development server, which puts a
 * proxy in a second process before it, stand beside them.
 */
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LacunaError, Pauses, Tokenizer } from '@lacuna/core';
import { startBareWorkerd } from '../bare-workerd.ts';
import { compatibilityDate, edgeBundle, gzipBytes } from '../edge-bundle.ts';
import { freePort, startEdgeServer } from '../edge-server.ts';
import { readListing } from '../model-listing.ts';
import { cpuMs } from '../process-figures.ts';
import { readTrainedModel } from '../trained-model.ts';
import { median } from './timing.ts';

/** The default models' folder. */
export const MODELS = fileURLToPath(new URL('../../../../models', import.meta.url));

/** 32 tokens by a vocabulary of 8192 pieces, its gap and the separators around it included. */
export const SENTENCE =
  'the old town lies on the west bank of the river and was the [MASK] of the kingdom for more than two hundred and fifty years before the war .';

/** Starts whose first answers are timed. */
const COLD_STARTS = 5;

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstRequestMs: number;
}

export interface EdgeReport extends Latency {
  /** What the Worker says that the model took for one request, by its own clock; the mean. */
  readonly computeMs: number;
  /** What workerd computed for one request, HTTP and JSON included; undefined where the system does not say. */
  readonly cpuMsPerRequest: number | undefined;
  /** JavaScript and kernels; models are assets and not counted. */
  readonly bundleGzipBytes: number;
  readonly requests: number;
  /** Of the sentence, by the tokenizer of the model that answered. */
  readonly tokens: number;
  /** The same requests through `wrangler dev`. */
  readonly wranglerDev: Latency;
}

interface Server {
  readonly address: string;
  stop(): Promise<void>;
}

export interface EdgeBenchOptions {
  readonly models?: string;
  readonly requests?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Throws `file_not_found` without a fill-mask model, `malformed_data` for a list that is none, `unavailable` when the
 * runtime does not start or answers with anything but a filled gap, `aborted`.
 */
export async function benchEdge(options: EdgeBenchOptions = {}): Promise<EdgeReport> {
  const { models, requests = 500, onProgress, signal } = options;
  const folder = models ?? MODELS;
  const tokens = await tokensOf(SENTENCE, folder);
  const bundle = edgeBundle();
  // Counts outlast a development server: a second run within a minute would be refused.
  const vars = { REQUESTS_PER_MINUTE: '0' };
  const start = () =>
    startBareWorkerd({ bundle, models: folder, compatibilityDate: compatibilityDate(), vars, signal });
  const first: number[] = [];
  while (first.length < COLD_STARTS - 1) first.push(await firstAnswerMs(new Connection(await start(), signal)));
  const bare = await start();
  const told = (before: number) => (done: number) => onProgress?.(before + done, 2 * requests);
  const measured = await latency(new Connection(bare, signal), requests, told(0), () => cpuMs(bare.pid));
  const firstRequestMs = median([...first, measured.firstRequestMs]);
  const dev = await startEdgeServer({ port: await freePort(), output: 'ignore', models: folder, vars, signal });
  const {
    computeMs: _,
    cpuMsPerRequest: __,
    ...wranglerDev
  } = await latency(new Connection(dev, signal), requests, told(requests));
  return { ...measured, firstRequestMs, bundleGzipBytes: gzipBytes(bundle), requests, tokens, wranglerDev };
}

/** One connection, which asks for the sentence and stops the server in the end. */
class Connection {
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #pauses = new Pauses();
  readonly #signal: AbortSignal | undefined;

  constructor(server: Server, signal: AbortSignal | undefined) {
    this.#server = server;
    this.#signal = signal;
  }

  /** Milliseconds until the answer is here, and what the Worker says that the model took of them. */
  async ask(): Promise<{ elapsedMs: number; computeMs: number }> {
    await this.#pauses.take(this.#signal);
    const begun = performance.now();
    const address = `${this.#server.address}/v1/fill-mask`;
    const { status, text, timing } = await post(this.#agent, address, JSON.stringify({ text: SENTENCE }));
    const elapsedMs = performance.now() - begun;
    const { gaps } = JSON.parse(text) as { gaps?: { score: number }[][] };
    if (status !== 200 || gaps?.length !== 1 || !((gaps[0]?.[0]?.score ?? 0) > 0)) {
      throw new LacunaError('unavailable', `bench edge: expected one gap filled, got ${status}: ${text}`);
    }
    return { elapsedMs, computeMs: Number(/compute;dur=([\d.]+)/.exec(timing)?.[1] ?? Number.NaN) };
  }

  async end(): Promise<void> {
    this.#agent.destroy();
    await this.#server.stop();
  }
}

async function firstAnswerMs(connection: Connection): Promise<number> {
  try {
    return (await connection.ask()).elapsedMs;
  } finally {
    await connection.end();
  }
}

/** Asks one after the other. */
async function latency(
  connection: Connection,
  requests: number,
  onDone: (done: number) => void,
  cpu: () => number | undefined = () => undefined,
): Promise<Latency & Pick<EdgeReport, 'computeMs' | 'cpuMsPerRequest'>> {
  try {
    const firstRequestMs = (await connection.ask()).elapsedMs;
    for (let i = 0; i < 50; i++) await connection.ask();
    const times: number[] = [];
    const spentBefore = cpu();
    let computedMs = 0;
    for (let i = 0; i < requests; i++) {
      const { elapsedMs, computeMs } = await connection.ask();
      times.push(elapsedMs);
      computedMs += computeMs;
      if (i % 50 === 49) onDone(i + 1);
    }
    const spent = cpu();
    const cpuMsPerRequest =
      spent === undefined || spentBefore === undefined ? undefined : (spent - spentBefore) / requests;
    times.sort((a, b) => a - b);
    const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(q * times.length))] as number;
    const computeMs = computedMs / requests;
    return { p50Ms: quantile(0.5), p99Ms: quantile(0.99), firstRequestMs, computeMs, cpuMsPerRequest };
  } finally {
    await connection.end();
  }
}

/** The whole answer of one request; `fetch` would spend a millisecond of its own. */
function post(agent: Agent, url: string, body: string): Promise<{ status?: number; text: string; timing: string }> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      // Each answer is to be computed.
      'cache-control': 'no-store',
    };
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      const timing = String(response.headers['server-timing'] ?? '');
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, timing }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/**
 * Of `text` with the separators around it, by the default fill-mask model of the folder. Throws `file_not_found`,
 * `malformed_data`.
 */
async function tokensOf(text: string, folder: string): Promise<number> {
  const listed = (await readListing(join(folder, 'models.json'))).find(({ task }) => task === 'fill-mask');
  if (listed === undefined) {
    throw new LacunaError(
      'file_not_found',
      `bench edge: expected a fill-mask model in ${folder}, got none. \`lacuna export\` makes one.`,
      { folder },
    );
  }
  const { pieces } = await readTrainedModel(join(folder, listed.file));
  return new Tokenizer(pieces).encode(text).length + 2;
}
