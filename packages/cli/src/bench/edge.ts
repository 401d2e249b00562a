/**
 * `lacuna bench edge`: the edge API through HTTP on the real workerd, on this machine. Times the first prediction after
 * the runtime is up (model load included), then predictions one after the other over one connection.
 */

import { once } from 'node:events';
import { createServer } from 'node:net';
import { edgeBundle, gzipBytes } from '../edge-bundle.ts';
import { startEdgeServer } from '../edge-server.ts';

/** 32 tokens with its gap, by the default model's tokenizer. */
export const SENTENCE =
  'the old town lies on the west bank of the river and was the [MASK] of the kingdom for more than two hundred and fifty years before the war .';

export interface EdgeReport {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstRequestMs: number;
  /** JavaScript and kernels; models are assets and not counted. */
  readonly bundleGzipBytes: number;
  readonly requests: number;
  readonly tokens: number;
}

export interface EdgeBenchOptions {
  readonly models?: string;
  readonly requests?: number;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export async function benchEdge(options: EdgeBenchOptions = {}): Promise<EdgeReport> {
  const { models, requests = 500, onProgress, signal } = options;
  const server = await startEdgeServer({
    port: await freePort(),
    output: 'ignore',
    ...(models === undefined ? {} : { models }),
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const ask = async () => {
      const begun = performance.now();
      const response = await fetch(`${server.address}/v1/fill-mask`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: SENTENCE }),
        ...(signal === undefined ? {} : { signal }),
      });
      const { gaps } = (await response.json()) as { gaps?: { score: number }[][] };
      if (!response.ok || gaps?.length !== 1 || !((gaps[0]?.[0]?.score ?? 0) > 0)) {
        throw new Error(`bench edge: expected one gap filled, got status ${response.status}.`);
      }
      return performance.now() - begun;
    };
    const firstRequestMs = await ask();
    for (let i = 0; i < 50; i++) await ask();
    const times: number[] = [];
    for (let i = 0; i < requests; i++) {
      times.push(await ask());
      if (i % 50 === 49) onProgress?.(i + 1, requests);
    }
    times.sort((a, b) => a - b);
    const quantile = (q: number) => times[Math.min(times.length - 1, Math.floor(q * times.length))] as number;
    return {
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      firstRequestMs,
      bundleGzipBytes: gzipBytes(edgeBundle()),
      requests,
      tokens: 32,
    };
  } finally {
    await server.stop();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
