/** What all routes share: errors, and how a route's requests and answers are described. */
import { z } from '@hono/zod-openapi';
import { STATUS } from '../errors.ts';

const CODES = [...Object.keys(STATUS), 'internal'];

export const ErrorFacts = z
  .object({ code: z.string().openapi({ enum: CODES }), message: z.string() })
  .openapi('ErrorFacts', { description: 'A stable code, and what was expected and what came.' });

export const ErrorResponse = z.object({ error: ErrorFacts }).openapi('ErrorResponse', {
  example: { error: { code: 'no_mask_token', message: 'fill-mask: the text must hold [MASK] …, got none.' } },
});

export const json = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});

/** Error answers by status, each naming the codes that it may carry, in a dialect's shape. */
export function failures<const S extends number, B extends z.ZodType = typeof ErrorResponse>(
  statuses: readonly S[],
  schema?: B,
) {
  type Failure = { content: { 'application/json': { schema: B } }; description: string };
  const described = statuses.map((status) => [status, json(schema ?? ErrorResponse, codesOf.get(status) ?? '')]);
  return Object.fromEntries(described) as Record<S, Failure>;
}

/** The codes of each status, for descriptions. */
const codesOf = new Map<number, string>([[500, 'internal']]);
for (const [code, status] of Object.entries(STATUS)) {
  codesOf.set(status, [codesOf.get(status), code].filter((known) => known !== undefined).join(', '));
}

/** What any route may answer: who asks is looked at before what is asked. */
export const ALWAYS = [401, 429, 500, 503] as const;
/** What a route with a JSON body and a model may answer besides. */
export const WITH_BODY = [400, 403, 404, 408, 413, 415, 422, ...ALWAYS] as const;
