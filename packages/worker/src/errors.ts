/** Errors over HTTP: the status that suits the code, in the shape that the path's dialect has. */
import type { ErrorCode, LacunaError } from '@lacuna/core/errors';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from './context.ts';
import { MAX_MESSAGE_LENGTH } from './limits.ts';

/** Codes that a request can cause or must know of; every other code is a fault of the service. */
export const STATUS = {
  malformed_json: 400,
  invalid_request: 400,
  invalid_argument: 400,
  unsupported_task: 400,
  unauthorized: 401,
  forbidden: 403,
  unknown_model: 404,
  unknown_key: 404,
  unknown_route: 404,
  method_not_allowed: 405,
  timeout: 408,
  name_taken: 409,
  conflict: 409,
  length_required: 411,
  precondition_failed: 412,
  body_too_large: 413,
  unsupported_media_type: 415,
  empty_text: 422,
  no_mask_token: 422,
  text_too_long: 422,
  response_too_large: 422,
  too_much_work: 422,
  unknown_target: 422,
  model_too_large: 422,
  artifact_truncated: 422,
  artifact_corrupt: 422,
  artifact_unsupported: 422,
  rate_limited: 429,
  unavailable: 503,
  model_loading: 503,
} as const satisfies Partial<Record<ErrorCode, ContentfulStatusCode>>;

export type KnownCode = keyof typeof STATUS;

export interface ErrorFacts {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What one wrong text of several, or a whole request, is answered with; what is the service's own fault is not told. */
export function factsOf(error: unknown): ErrorFacts & { readonly status: ContentfulStatusCode } {
  if (error instanceof HTTPException && error.status === 400) {
    return { code: 'malformed_json', message: 'request: the body must be JSON.', status: 400 };
  }
  const known = isLacunaError(error) ? statusOf(error.code) : undefined;
  if (!isLacunaError(error) || known === undefined) {
    return { code: 'internal', message: 'The service failed. Try again later.', status: 500 };
  }
  const { code, message } = error;
  const cut = message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)} …` : message;
  return { code, message: cut, status: known };
}

/** The one place where an error becomes a response. What the service is to blame for is logged with its causes. */
export function answerError(error: unknown, c: Context<AppEnv>): Response {
  const { status, ...facts } = factsOf(error);
  if (status >= 500) console.error(...withCauses(error));
  if (c.var.trace) c.var.trace.code = facts.code;
  if (status === 401) c.header('WWW-Authenticate', 'Bearer');
  if (status === 503 && !c.res.headers.has('retry-after')) c.header('Retry-After', '1');
  return c.json(bodyFor(c.req.path, facts, status), status);
}

function bodyFor(path: string, facts: ErrorFacts, status: number): unknown {
  if (path.startsWith('/models/')) return { error: facts.message, error_code: facts.code };
  if (path.startsWith('/ai/')) {
    const { message, code } = facts;
    return { result: null, success: false, errors: [{ code: status, message, error_code: code }], messages: [] };
  }
  return { error: facts };
}

function statusOf(code: ErrorCode): ContentfulStatusCode | undefined {
  return (STATUS as Partial<Record<ErrorCode, ContentfulStatusCode>>)[code];
}

/** Logs differ in whether they show an error's cause. */
function withCauses(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined; at = at instanceof Error ? at.cause : undefined) chain.push(at);
  return chain;
}

/** By name, as a bundle may hold the class twice. */
function isLacunaError(error: unknown): error is LacunaError {
  return error instanceof Error && error.name === 'LacunaError';
}
