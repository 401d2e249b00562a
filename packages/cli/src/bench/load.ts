/**
 * `lacuna bench load`: many clients at once against the edge API on workerd, with a core for it and a core for the clients
 * (autocannon). Every answer is compared with the first one. Answers of before are not asked for: each is computed.
 */
import { fileURLToPath } from 'node:url';
import { LacunaError } from '@lacuna/core';
import { type BareWorkerd, startBareWorkerd } from '../bare-workerd.ts';
import { compatibilityDate, edgeBundle } from '../edge-bundle.ts';
import { cpuMs, pinTo, residentBytes } from '../process-figures.ts';
import { SENTENCE } from './edge.ts';

const MODELS = fileURLToPath(new URL('../../../../models', import.meta.url));
const WORKERD_CORE = 0;
const CLIENT_CORE = 1;

export interface LoadReport {
  readonly connections: number;
  readonly seconds: number;
  /** Whether workerd and its clients had a core each. */
  readonly pinned: boolean;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not the first one's, refusals and lost connections. */
  readonly errors: number;
  /** What workerd computed for one request, all of it; undefined where the system does not say. */
  readonly cpuMsPerRequest: number | undefined;
  /** Memory of workerd after its first requests, and after `requests` more; undefined where the system does not say. */
  readonly memory: { readonly requests: number; readonly firstMb: number; readonly lastMb: number } | undefined;
}

export interface LoadBenchOptions {
  readonly models?: string | undefined;
  readonly connections?: number;
  readonly seconds?: number;
  /** Requests over which the memory must stay flat, and those before, in which the heap fills for the first time. */
  readonly memoryRequests?: number;
  readonly firstRequests?: number;
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Throws `unavailable` when the runtime does not start or does not fill the gap, `aborted`. */
export async function benchLoad(options: LoadBenchOptions = {}): Promise<LoadReport> {
  const {
    connections = 16,
    seconds = 60,
    memoryRequests = 20_000,
    firstRequests = 8_000,
    onProgress,
    signal,
  } = options;
  const pinned = pinTo(CLIENT_CORE);
  const server = await startBareWorkerd({
    bundle: edgeBundle(),
    models: options.models ?? MODELS,
    compatibilityDate: compatibilityDate(),
    vars: { REQUESTS_PER_MINUTE: '0', LOGS: 'none' },
    core: pinned ? WORKERD_CORE : undefined,
    signal,
  });
  try {
    const expected = await firstAnswer(server);
    const shared = { server, connections, expected, signal };
    const first = await fire({ ...shared, amount: firstRequests });
    const firstBytes = residentBytes(server.pid);
    onProgress?.(0.2);
    const before = cpuMs(server.pid);
    const timed = await fire({ ...shared, duration: seconds });
    const spent = cpuMs(server.pid);
    onProgress?.(0.8);
    const left = memoryRequests - timed.requests;
    const rest = left > 0 ? await fire({ ...shared, amount: left }) : { requests: 0, errors: 0 };
    const lastBytes = residentBytes(server.pid);
    onProgress?.(1);
    const mb = (bytes: number) => Math.round(bytes / 1e5) / 10;
    const { requests, requestsPerSecond, p50Ms, p99Ms } = timed;
    return {
      ...{ connections, seconds, pinned, requests, requestsPerSecond, p50Ms, p99Ms },
      errors: first.errors + timed.errors + rest.errors,
      cpuMsPerRequest: before === undefined || spent === undefined ? undefined : (spent - before) / requests,
      memory:
        firstBytes === undefined || lastBytes === undefined
          ? undefined
          : {
              requests: requests + rest.requests,
              firstMb: mb(firstBytes),
              lastMb: mb(lastBytes),
            },
    };
  } finally {
    await server.stop();
  }
}

const BODY = JSON.stringify({ text: SENTENCE });
const HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-store' };

async function firstAnswer({ address }: BareWorkerd): Promise<string> {
  const response = await fetch(`${address}/v1/fill-mask`, { method: 'POST', headers: HEADERS, body: BODY });
  const text = await response.text();
  const { gaps } = JSON.parse(text) as { gaps?: { score: number }[][] };
  if (response.ok && gaps?.length === 1 && (gaps[0]?.[0]?.score ?? 0) > 0) return text;
  throw new LacunaError('unavailable', `bench load: expected one gap filled, got ${response.status}: ${text}`);
}

interface Fire {
  readonly server: BareWorkerd;
  readonly connections: number;
  readonly expected: string;
  readonly signal: AbortSignal | undefined;
  /** Requests to make, or seconds to make them for. */
  readonly amount?: number;
  readonly duration?: number;
}

async function fire({ server, connections, expected, signal, amount, duration }: Fire) {
  const { default: autocannon } = await import('autocannon');
  requireGoingOn(signal);
  const running = autocannon({
    url: `${server.address}/v1/fill-mask`,
    method: 'POST',
    headers: HEADERS,
    body: BODY,
    // More clients than requests are refused.
    connections: Math.min(connections, amount ?? connections),
    ...(amount === undefined ? { duration: duration ?? 1 } : { amount }),
    verifyBody: (body) => body === expected,
  });
  const stop = () => (running as unknown as { stop(): void }).stop();
  signal?.addEventListener('abort', stop, { once: true });
  const result = await running;
  signal?.removeEventListener('abort', stop);
  requireGoingOn(signal);
  const { requests, latency, errors, timeouts, non2xx, mismatches } = result;
  return {
    requests: requests.total,
    requestsPerSecond: Math.round((requests.total / result.duration) * 10) / 10,
    p50Ms: latency.p50,
    p99Ms: latency.p99,
    errors: errors + timeouts + non2xx + mismatches,
  };
}

function requireGoingOn(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LacunaError('aborted', 'bench load: stopped.', {}, { cause: signal.reason });
}
