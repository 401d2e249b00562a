/**
 * Answers that were given before, in the runtime's Cache API: keyed by what was asked of which content of which model, and
 * by the key that asked where reading is private. It has no effect on `workers.dev`, and is not there everywhere.
 */
import { hexOf } from '@lacuna/core/inference';
import type { Context } from 'hono';
import type { AppEnv } from './context.ts';
import { ANSWER_TTL_S } from './limits.ts';
import { sha256 } from './runtime-digest.ts';

/** As far as the Cache API is used. */
export interface ResponseCache {
  match(url: string): Promise<Response | undefined>;
  put(url: string, response: Response): Promise<void>;
}

export class AnswerCache {
  readonly #cache: ResponseCache | undefined;

  constructor(cache: ResponseCache | undefined) {
    this.#cache = cache;
  }

  get exists(): boolean {
    return this.#cache !== undefined;
  }

  /** Undefined where there is none, or the cache fails: it may never be why a request does. */
  async get(url: string): Promise<unknown> {
    const found = await this.#cache?.match(url).catch(() => undefined);
    return found?.json().catch(() => undefined);
  }

  async put(url: string, answer: unknown): Promise<void> {
    const headers = { 'cache-control': `max-age=${ANSWER_TTL_S}` };
    await this.#cache?.put(url, Response.json(answer, { headers })).catch(() => {});
  }
}

/** `Cache-Control: no-cache` asks for a new answer, `no-store` also for none to be kept; so does the dialect's own header. */
export function cacheWishes(c: Context<AppEnv>): { readonly read: boolean; readonly write: boolean } {
  const asked = c.req.header('cache-control') ?? '';
  const off = c.req.header('x-use-cache') === 'false';
  const write = !off && !/\bno-store\b/.test(asked);
  return { read: write && !/\bno-cache\b/.test(asked), write };
}

/** Names what is asked and, where reading is private, who asks. */
export async function questionHash(c: Context<AppEnv>, request: unknown): Promise<string> {
  const { caller, services } = c.var;
  const partition = services.settings.privateReading ? (caller?.id ?? 'nobody') : 'public';
  return hexOf(await sha256(JSON.stringify([partition, c.req.path, request])));
}

/** Where the answer to a question is kept, for one content of one model. */
export function answerUrl(name: string, version: string, question: string): string {
  return `https://answers.lacuna.invalid/${name}/${version}/${question}`;
}
