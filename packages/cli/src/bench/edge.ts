/**
 * `lacuna bench edge`: the edge API through HTTP on workerd, on this machine. Times the first prediction after the
 * runtime listens (model load included), then predictions one after the other over one connection. The main figures are
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

/** The default models' folder. */
export const MODELS = fileURLToPath(new URL('../../../../models', import.meta.url));

/** 32 tokens by a vocabulary of 8192 pieces, its gap and the separators around it included. */
export const SENTENCE =
  'the old town lies on the west bank of the river and was the [MASK] of the kingdom for more than two hundred and fifty years before the war .';

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
  const bare = await startBareWorkerd({ bundle, models: folder, compatibilityDate: compatibilityDate(), signal });
  const cpu = () => cpuMs(bare.pid);
  const measured = await latency(bare, requests, signal, (done) => onProgress?.(done, 2 * requests), cpu);
  const dev = await startEdgeServer({ port: await freePort(), output: 'ignore', models: folder, signal });
  const {
    computeMs: _,
    cpuMsPerRequest: __,
    ...wranglerDev
  } = await latency(dev, requests, signal, (done) => onProgress?.(requests + done, 2 * requests));
  return { ...measured, bundleGzipBytes: gzipBytes(bundle), requests, tokens, wranglerDev };
}

/** Asks one after the other over one connection, and stops the server. */
async function latency(
  server: { readonly address: string; stop(): Promise<void> },
  requests: number,
  signal: AbortSignal | undefined,
  onDone: (done: number) => void,
  cpu: () => number | undefined = () => undefined,
): Promise<Latency & Pick<EdgeReport, 'computeMs' | 'cpuMsPerRequest'>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const pauses = new Pauses();
    let computedMs = 0;
    const ask = async () => {
      await pauses.take(signal);
      const begun = performance.now();
      const { status, text, timing } = await post(
        agent,
        `${server.address}/v1/fill-mask`,
        JSON.stringify({ text: SENTENCE }),
      );
      const elapsed = performance.now() - begun;
      const { gaps } = JSON.parse(text) as { gaps?: { score: number }[][] };
      if (status !== 200 || gaps?.length !== 1 || !((gaps[0]?.[0]?.score ?? 0) > 0)) {
        throw new LacunaError('unavailable', `bench edge: expected one gap filled, got ${status}: ${text}`);
      }
      computedMs += Number(/compute;dur=([\d.]+)/.exec(timing)?.[1] ?? Number.NaN);
      return elapsed;
    };
    const firstRequestMs = await ask();
    for (let i = 0; i < 50; i++) await ask();
    const times: number[] = [];
    const spentBefore = cpu();
    computedMs = 0;
    for (let i = 0; i < requests; i++) {
      times.push(await ask());
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
    agent.destroy();
    await server.stop();
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
