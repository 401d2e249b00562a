/** One request with a deadline, retries and typed errors. */
import { type ErrorCode, LacunaError } from '@lacuna/core/errors';

export interface Policy {
  readonly fetch: typeof globalThis.fetch;
  /** Milliseconds for one attempt. */
  readonly timeoutMs: number;
  /** Further attempts after 429, 503 or a connection that failed, before the answer or in the middle of it. */
  readonly retries: number;
  /** Milliseconds before the first retry; doubles each time, with jitter. */
  readonly backoffMs: number;
}

const MAX_WAIT_MS = 30_000;
const RETRIED = new Set([429, 503]);

/**
 * Sends the request and parses the answer as JSON. Throws `LacunaError` with the service's code, or `timeout`, `network`,
 * `aborted`. Every request of the API can be repeated without harm.
 */
export async function requestJson(
  url: string,
  body: unknown,
  policy: Policy,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  for (let attempt = 0; ; attempt++) {
    const last = attempt >= policy.retries;
    let response: Response | undefined;
    let text: string | undefined;
    try {
      response = await send(url, body, policy, signal);
      // Nobody reads the body of an answer that is asked for again, so how its stream ends is nobody's concern.
      if (RETRIED.has(response.status) && !last) response.body?.cancel().catch(() => {});
      else text = await response.text();
    } catch (error) {
      const failure = asFailure(error, url, policy, signal);
      if (last || failure.code !== 'network') throw failure;
    }
    if (response !== undefined && text !== undefined) return parsed(response, text, url);
    await pause(waitMs(response?.headers.get('retry-after') ?? undefined, attempt, policy), signal);
  }
}

function send(url: string, body: unknown, policy: Policy, signal: AbortSignal | undefined): Promise<Response> {
  const deadline = AbortSignal.timeout(policy.timeoutMs);
  return policy.fetch(url, {
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
}

/** The value of a whole answer. Throws what the service says is wrong. */
function parsed(response: Response, text: string, url: string): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  if (response.ok && answer !== undefined) return answer;
  const { error } = (answer ?? {}) as { error?: { code?: ErrorCode; message?: string } };
  const code =
    error?.code ?? (response.status === 429 ? 'rate_limited' : response.status === 503 ? 'unavailable' : 'internal');
  const message = error?.message ?? `${url}: expected JSON, got status ${response.status}.`;
  throw new LacunaError(code, message, { status: response.status });
}

function asFailure(error: unknown, url: string, policy: Policy, signal: AbortSignal | undefined): LacunaError {
  if (signal?.aborted) return new LacunaError('aborted', `${url}: aborted.`, {}, { cause: error });
  if (error instanceof Error && error.name === 'TimeoutError') {
    const { timeoutMs } = policy;
    return new LacunaError('timeout', `${url}: no answer within ${timeoutMs} ms.`, { timeoutMs }, { cause: error });
  }
  return new LacunaError('network', `${url}: cannot be reached. Is the service running?`, {}, { cause: error });
}

/** What the service asks for, in seconds or as a date; else doubling with up to half of it as jitter. */
function waitMs(retryAfter: string | undefined, attempt: number, { backoffMs }: Policy): number {
  if (retryAfter !== undefined) {
    const seconds = Number(retryAfter);
    const ms = Number.isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : seconds * 1000;
    if (Number.isFinite(ms)) return Math.min(Math.max(ms, 0), MAX_WAIT_MS);
  }
  return Math.min(backoffMs * 2 ** attempt * (1 + Math.random() / 2), MAX_WAIT_MS);
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(new LacunaError('aborted', 'request: aborted while waiting to try again.'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
