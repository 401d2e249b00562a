/** A `fetch` with a deadline for each attempt, retries and typed errors; and answers read with the service's codes. */
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
const WITHOUT_BODY = new Set([204, 304]);

/**
 * Gives an answer of any status, its body read to the end. Throws `timeout`, `network`, `aborted`. Requests are repeated:
 * they must be such that this does no harm, and their bodies such that can be read twice.
 */
export function patientFetch(policy: Policy): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const url = input instanceof Request ? input.url : String(input);
    const signal = init.signal ?? undefined;
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= policy.retries;
      let response: Response | undefined;
      let body: ArrayBuffer | undefined;
      try {
        const deadline = AbortSignal.timeout(policy.timeoutMs);
        response = await policy.fetch(input, {
          ...init,
          signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
        });
        // Nobody reads the body of an answer that is asked for again, so how its stream ends is nobody's concern.
        if (RETRIED.has(response.status) && !last) response.body?.cancel().catch(() => {});
        else body = await response.arrayBuffer();
      } catch (error) {
        const failure = asFailure(error, url, policy, signal);
        if (last || failure.code !== 'network') throw failure;
      }
      if (response !== undefined && body !== undefined) {
        const { status, headers } = response;
        return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers });
      }
      await pause(waitMs(response?.headers.get('retry-after') ?? undefined, attempt, policy), signal);
    }
  };
}

/** The value of an answer. Throws what the service says is wrong, as a `LacunaError` with its code. */
export async function answerOf<T>(response: {
  readonly ok: boolean;
  readonly status: number;
  text(): Promise<string>;
}) {
  const text = await response.text();
  if (response.ok && text === '') return undefined as T;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    answer = undefined;
  }
  if (response.ok && answer !== undefined) return answer as T;
  throw refusal(answer, response.status);
}

/** What an answer that is an error says. */
export function refusal(answer: unknown, status: number): LacunaError {
  const { error } = (answer ?? {}) as { error?: { code?: ErrorCode; message?: string } };
  const code = error?.code ?? (status === 429 ? 'rate_limited' : status === 503 ? 'unavailable' : 'internal');
  return new LacunaError(code, error?.message ?? `service: expected JSON, got status ${status}.`, { status });
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
