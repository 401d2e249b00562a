/** Errors over HTTP: `{ "error": { "code", "message" } }` with the status that suits the code. */
import type { ErrorCode, LacunaError } from '@lacuna/core/errors';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** Codes that a request can cause; every other code is a fault of the service. */
export const STATUS: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  malformed_json: 400,
  invalid_request: 400,
  invalid_argument: 400,
  unsupported_task: 400,
  unknown_model: 404,
  unknown_route: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  unsupported_media_type: 415,
  empty_text: 422,
  no_mask_token: 422,
  text_too_long: 422,
  response_too_large: 422,
  unknown_target: 422,
  unavailable: 503,
};

export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string };
}

export function errorResponse(c: Context, code: ErrorCode, message: string): Response {
  return c.json({ error: { code, message } } satisfies ErrorBody, STATUS[code] ?? 500);
}

/** A typed error as a response; what the service is to blame for is logged with its causes, and they are not told. */
export function answerError(c: Context, error: unknown): Response {
  const known = isLacunaError(error) ? error : undefined;
  const status = (known && STATUS[known.code]) ?? 500;
  if (status >= 500) console.error(...withCauses(error));
  if (known && STATUS[known.code] !== undefined) return errorResponse(c, known.code, known.message);
  return errorResponse(c, 'internal', 'The service failed. Try again later.');
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
