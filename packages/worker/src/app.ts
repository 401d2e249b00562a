/** The edge API as a Hono app: routes, limits, errors. Which models it serves comes from a registry. */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { LacunaError } from '@lacuna/core/errors';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { answerError, errorResponse } from './errors.ts';
import type { Registry } from './registry.ts';
import { requireModestResponse } from './response-size.ts';
import {
  ClassifyRequest,
  ClassifyResponse,
  ErrorResponse,
  FillMaskRequest,
  FillMaskResponse,
  MAX_TEXT_LENGTH,
  ModelsResponse,
} from './schemas.ts';

/** Bytes of a request's body. */
export const MAX_BODY_BYTES = 1_000_000;

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});
const failed = json(ErrorResponse, 'What is wrong, with a stable code.');
/** What any route that needs the models may answer. */
const faults = { 500: failed, 503: failed };
const post = <S extends z.ZodType, R extends z.ZodType>(path: `/${string}`, request: S, response: R, summary: string) =>
  createRoute({
    method: 'post',
    path,
    summary,
    request: { body: { content: { 'application/json': { schema: request } }, required: true } },
    responses: {
      200: json(response, summary),
      ...{ 400: failed, 404: failed, 413: failed, 415: failed, 422: failed, ...faults },
    },
  });

const fillMaskRoute = post('/v1/fill-mask', FillMaskRequest, FillMaskResponse, 'Fills every [MASK] of a text.');
const classifyRoute = post('/v1/classify', ClassifyRequest, ClassifyResponse, 'Labels a text.');
const modelsRoute = createRoute({
  method: 'get',
  path: '/v1/models',
  summary: 'The models that are served.',
  responses: { 200: json(ModelsResponse, 'The models; the first of each task is its default.'), ...faults },
});
const healthRoute = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Whether the service runs.',
  responses: { 200: json(z.object({ status: z.literal('ok') }), 'It runs.') },
});

/** Paths with the method that each of them answers. */
const METHODS: Readonly<Record<string, string>> = {
  '/v1/fill-mask': 'POST',
  '/v1/classify': 'POST',
  '/v1/models': 'GET',
  '/healthz': 'GET',
  '/openapi.json': 'GET',
};

export function createApp(registryOf: (env: unknown) => Registry): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      if (result.error.issues.some((issue) => issue.code === 'too_big' && issue.origin === 'string')) {
        const expected = `a text of at most ${MAX_TEXT_LENGTH} characters`;
        return errorResponse(
          c,
          'text_too_long',
          `request: expected ${expected}, got more. Shorten it: truncate does not help.`,
        );
      }
      return errorResponse(c, 'invalid_request', `request: ${z.prettifyError(result.error).replaceAll('\n', ' ')}`);
    },
  });
  app.use(cors());
  app.use(
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) =>
        errorResponse(c, 'body_too_large', `request: the body must have at most ${MAX_BODY_BYTES} bytes.`),
    }),
  );
  app.use('/v1/*', async (c, next) => {
    if (c.req.method === 'POST' && METHODS[c.req.path] === 'POST' && !isJson(c.req.header('content-type'))) {
      const got = c.req.header('content-type') ?? 'nothing';
      return errorResponse(c, 'unsupported_media_type', `request: expected content-type application/json, got ${got}.`);
    }
    return next();
  });

  app.openapi(healthRoute, (c) => c.json({ status: 'ok' as const }, 200));
  app.openapi(modelsRoute, async (c) => {
    const listed = await registryOf(c.env).list();
    const models = listed.map(({ name, task, description }, i) => ({
      name,
      task,
      default: listed.findIndex((other) => other.task === task) === i,
      ...(description === undefined ? {} : { description }),
    }));
    return c.json({ models }, 200);
  });
  app.openapi(fillMaskRoute, async (c) => {
    const body = c.req.valid('json');
    requireModestResponse(body.texts ?? [body.text ?? ''], body);
    const model = await registryOf(c.env).get(body.model, 'fill-mask');
    const options = defined({ topK: body.top_k, targets: body.targets, truncate: body.truncate });
    if (body.text !== undefined)
      return c.json({ model: model.name, gaps: await model.fillMask(body.text, options) }, 200);
    const results = await each(body.texts ?? [], async (text) => ({ gaps: await model.fillMask(text, options) }));
    return c.json({ model: model.name, results }, 200);
  });
  app.openapi(classifyRoute, async (c) => {
    const body = c.req.valid('json');
    const model = await registryOf(c.env).get(body.model, 'text-classification');
    const options = defined({ topK: body.top_k, truncate: body.truncate });
    if (body.text !== undefined)
      return c.json({ model: model.name, labels: await model.classify(body.text, options) }, 200);
    const results = await each(body.texts ?? [], async (text) => ({ labels: await model.classify(text, options) }));
    return c.json({ model: model.name, results }, 200);
  });
  app.doc('/openapi.json', {
    openapi: '3.0.3',
    info: { title: 'Lacuna', version: '0.1.0', description: 'Fill-mask and text classification at the edge.' },
  });

  app.notFound((c) => {
    const allowed = METHODS[c.req.path];
    if (allowed !== undefined) {
      c.header('Allow', allowed);
      return errorResponse(c, 'method_not_allowed', `${c.req.path}: expected ${allowed}, got ${c.req.method}.`);
    }
    return errorResponse(c, 'unknown_route', `No route ${c.req.method} ${c.req.path}. GET /openapi.json lists them.`);
  });
  app.onError((error, c) => {
    if (error instanceof HTTPException && error.status === 400) {
      return errorResponse(c, 'malformed_json', 'request: the body must be JSON.');
    }
    return answerError(c, error);
  });
  return app;
}

/** Answers one text after the other; an error says which text it is about. */
async function each<R>(texts: readonly string[], answer: (text: string) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const [i, text] of texts.entries()) {
    try {
      results.push(await answer(text));
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      throw new LacunaError(error.code, `texts[${i}]: ${error.message}`, error.facts, { cause: error });
    }
  }
  return results;
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(contentType ?? '');
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the entries that are undefined. */
function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
