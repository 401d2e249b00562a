/** What the Worker's tests share: small random models as a deployment's files, requests, and what errors look like. */

import { env } from 'cloudflare:workers';
import {
  type ArtifactParts,
  CONFIGS,
  initialParameters,
  type ModelConfig,
  Random,
  SPECIAL_TOKENS,
  Tokenizer,
  writeArtifact,
} from '@lacuna/core';
import { hexOf } from '@lacuna/core/inference';
import kernels from '@lacuna/core/kernels/inference-relaxed.wasm';
import { expect, vi } from 'vitest';
import { createApp } from './app.ts';
import type { Bucket, Env, Files } from './bindings.ts';
import type { Services } from './context.ts';
import { sha256 } from './runtime-digest.ts';
import { createServices } from './services.ts';

const WORDS = 'a the cat dog sat on mat ran home good bad film was it very . , ! ##s ##ing'.split(' ');
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.split('').flatMap((letter) => [letter, `##${letter}`]);
const pieces = [...new Set([...SPECIAL_TOKENS, ...WORDS, ...LETTERS])];
const tokenizer = new Tokenizer(pieces).toJSON();

export const TEST_CONFIG: ModelConfig = {
  ...CONFIGS.tiny,
  vocabSize: pieces.length,
  hiddenSize: 32,
  intermediateSize: 48,
  maxPositionEmbeddings: 24,
};

/** What was asked for, and a file whose next request fails. */
export interface TestFiles extends Files {
  readonly requested: string[];
  failOnce: string | undefined;
}

const params = (seed: number, numLabels?: number) =>
  initialParameters(TEST_CONFIG, new Random(seed), numLabels === undefined ? undefined : { numLabels });
const common = { config: TEST_CONFIG, tokenizer, quantization: 'int8' } as const;

/** A fill-mask model's file; another seed, another content. */
export const fillerFile = (seed: number, changed: Partial<ArtifactParts> = {}): Promise<Uint8Array<ArrayBuffer>> =>
  writeArtifact({ ...common, name: 'filler', params: params(seed), ...changed }) as Promise<Uint8Array<ArrayBuffer>>;

/** `models.json`, a fill-mask model, a classifier of one label and one of several, served from memory. */
export async function testFiles(): Promise<TestFiles> {
  const labels = ['negative', 'positive'];
  const head = { numLabels: 2 };
  const stored: Record<string, Uint8Array> = {
    'filler.safetensors': await fillerFile(1),
    'critic.safetensors': await writeArtifact({ ...common, name: 'critic', head, labels, params: params(2, 2) }),
    'topics.safetensors': await writeArtifact({
      ...{ ...common, name: 'topics', head: { numLabels: 3 }, labels: ['film', 'home', 'pets'], multiLabel: true },
      params: params(3, 3),
    }),
    'models.json': new TextEncoder().encode(
      JSON.stringify({
        models: [
          { name: 'filler', task: 'fill-mask', file: 'filler.safetensors' },
          { name: 'critic', task: 'text-classification', file: 'critic.safetensors' },
          { name: 'topics', task: 'text-classification', file: 'topics.safetensors' },
          { name: 'gone', task: 'fill-mask', file: 'gone.safetensors' },
        ],
      }),
    ),
  };
  const files: TestFiles = {
    requested: [],
    failOnce: undefined,
    async fetch(url) {
      const file = new URL(url).pathname.slice(1);
      files.requested.push(file);
      if (files.failOnce === file) {
        files.failOnce = undefined;
        return new Response('no', { status: 500 });
      }
      const bytes = stored[file];
      return bytes ? new Response(bytes as Uint8Array<ArrayBuffer>) : new Response('not found', { status: 404 });
    },
  };
  return files;
}

/** The real bucket of the test's runtime, with nothing in it. */
export async function emptyBucket(): Promise<Bucket> {
  const bucket = (env as { MODELS: Bucket }).MODELS;
  for (;;) {
    const { objects, truncated } = await bucket.list({ prefix: '' });
    if (objects.length > 0) await bucket.delete(objects.map(({ key }) => key));
    if (!truncated) return bucket;
  }
}

/** Whose SHA-256 tests give as the root key's. */
export const ROOT_KEY = `lk_${'0'.repeat(16)}_${'1'.repeat(64)}`;

export interface TestApp {
  readonly app: ReturnType<typeof createApp>;
  readonly services: Services;
  /** What the runtime would wait for. */
  readonly kept: Promise<unknown>[];
}

/** An isolate of its own: the app over these files, without a limit on how often it is asked. */
export async function testApp(files: Files, changed: Partial<Env> = {}): Promise<TestApp> {
  const kept: Promise<unknown>[] = [];
  const ROOT_KEY_SHA256 = hexOf(await sha256(ROOT_KEY));
  const settings = { REQUESTS_PER_MINUTE: '0', LOGS: 'none', ROOT_KEY_SHA256, ...changed };
  const services = createServices({ ASSETS: files, ...settings }, kernels, (work) => void kept.push(work));
  return { app: createApp(() => services), services, kept };
}

/** What is logged from here on, a list a call. */
export function logged(): unknown[][] {
  return vi.spyOn(console, 'error').mockImplementation(() => {}).mock.calls;
}

/** Sends a file with the root key; headers that are '' are left out. */
export function publishTo(
  app: TestApp['app'],
  id: string,
  bytes: BodyInit,
  headers: Record<string, string> = {},
  description?: string,
): Response | Promise<Response> {
  const all: Record<string, string> = {
    authorization: `Bearer ${ROOT_KEY}`,
    'content-type': 'application/octet-stream',
    ...(bytes instanceof Uint8Array ? { 'content-length': String(bytes.length) } : {}),
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
  const query = description === undefined ? '' : `?description=${encodeURIComponent(description)}`;
  return app.request(`/v1/models/${id}${query}`, { method: 'PUT', body: bytes, headers: sent });
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** Posts a body, as JSON unless it is a string already. */
export function postTo(
  app: { request(path: string, init: RequestInit): Response | Promise<Response> },
  path: string,
  body: unknown,
  headers: Record<string, string> = JSON_TYPE,
): Response | Promise<Response> {
  return app.request(path, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

/** Checks an error's whole shape on the wire. */
export async function expectError(
  response: Response | Promise<Response>,
  status: number,
  code: string,
  message?: RegExp,
) {
  const answer = await response;
  const body = (await answer.json()) as { error: { code: string; message: string } };
  expect([answer.status, body.error.code]).toEqual([status, code]);
  expect(Object.keys(body)).toEqual(['error']);
  expect(body.error.message).toMatch(message ?? /./);
}
