/**
 * `lacuna bench edge`: the edge API through HTTP on the real workerd, on this machine. Times the first prediction after
 * the runtime is up (model load included), then predictions one after the other over one connection.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArtifact, Tokenizer } from '@lacuna/core';
import { edgeBundle, gzipBytes } from '../edge-bundle.ts';
import { freePort, startEdgeServer } from '../edge-server.ts';

const MODELS = fileURLToPath(new URL('../../../../models', import.meta.url));

/** 32 tokens by a vocabulary of 8192 pieces, its gap and the separators around it included. */
export const SENTENCE =
  'the old town lies on the west bank of the river and was the [MASK] of the kingdom for more than two hundred and fifty years before the war .';

export interface EdgeReport {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstRequestMs: number;
  /** JavaScript and kernels; models are assets and not counted. */
  readonly bundleGzipBytes: number;
  readonly requests: number;
  /** Of the sentence, by the tokenizer of the model that answered. */
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
      tokens: await tokensOf(SENTENCE, models ?? MODELS),
    };
  } finally {
    await server.stop();
  }
}

/** Of `text` with the separators around it, by the default fill-mask model of the folder. */
async function tokensOf(text: string, folder: string): Promise<number> {
  const { models } = JSON.parse(readFileSync(join(folder, 'models.json'), 'utf8')) as {
    models: { task: string; file: string }[];
  };
  const file = models.find(({ task }) => task === 'fill-mask')?.file ?? '';
  const { pieces } = await readArtifact(new Uint8Array(readFileSync(join(folder, file))));
  return new Tokenizer(pieces).encode(text).length + 2;
}
