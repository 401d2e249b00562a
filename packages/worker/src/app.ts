/** The edge API as a Hono app: what every request goes through, and the routes. What it stands on is handed to it. */
import { LacunaError } from '@lacuna/core/errors';
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { etag } from 'hono/etag';
import { NONCE, secureHeaders } from 'hono/secure-headers';
import { authorize, identify } from './auth.ts';
import type { AppEnv, Services } from './context.ts';
import { documentRoutes } from './documents.ts';
import { answerError } from './errors.ts';
import { PathMethods } from './methods.ts';
import { limitInFlight, limitRate } from './rate-limit.ts';
import { takeBody } from './request-body.ts';
import { createRouter } from './router.ts';
import { dialectRoutes } from './routes/dialects.ts';
import { keyRoutes } from './routes/keys.ts';
import { modelRoutes } from './routes/models.ts';
import { operationRoutes } from './routes/operations.ts';
import { taskRoutes } from './routes/tasks.ts';
import { trace } from './telemetry.ts';

export function createApp(servicesOf: (env: unknown) => Services) {
  let methods: PathMethods | undefined;
  const methodsOf = (path: string) => {
    methods ??= new PathMethods(app);
    return methods.of(path);
  };
  const requireJson: MiddlewareHandler<AppEnv> = async (c, next) => {
    const type = c.req.header('content-type');
    if (c.req.method === 'POST' && !JSON_TYPE.test(type ?? '') && methodsOf(c.req.path).includes('POST')) {
      const message = `request: expected content-type application/json, got ${type ?? 'nothing'}.`;
      throw new LacunaError('unsupported_media_type', message);
    }
    await next();
  };
  const app = createRouter();
  app.use(trace, securityHeaders);
  app.use(async (c, next) => {
    c.set('services', servicesOf(c.env));
    await next();
  });
  app.use(crossOrigin);
  // Whether it runs is asked often, and must be answered when everything else is refused.
  for (const guard of [limitRate, limitInFlight(), identify, authorize, takeBody, requireJson]) {
    app.use((c, next) => (c.req.path === '/healthz' ? next() : guard(c, next)));
  }
  app.use('/v1/models', etag());
  app.use('/v1/models/:id', etag());
  const routed = app
    .route('/', taskRoutes())
    .route('/', dialectRoutes())
    .route('/', modelRoutes())
    .route('/', keyRoutes())
    .route('/', operationRoutes());
  documentRoutes(app);
  app.notFound((c) => {
    const allowed = methodsOf(c.req.path);
    if (allowed.length === 0) {
      const message = `No route ${c.req.method} ${c.req.path}. GET /openapi.json lists them.`;
      return answerError(new LacunaError('unknown_route', message), c);
    }
    c.header('Allow', allowed.join(', '));
    const message = `${c.req.path}: expected ${allowed.join(' or ')}, got ${c.req.method}.`;
    return answerError(new LacunaError('method_not_allowed', message), c);
  });
  app.onError(answerError);
  return routed;
}

/** For `hc<Api>`, the typed client. */
export type Api = ReturnType<typeof createApp>;

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

const headers = {
  crossOriginResourcePolicy: 'cross-origin',
  crossOriginOpenerPolicy: false,
  xXssProtection: false,
} as const;
const nothing = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };
const ofAnswers = secureHeaders({ ...headers, contentSecurityPolicy: nothing });
/** The documentation is the one page; it has a style and nothing else. */
const ofPages = secureHeaders({
  ...headers,
  contentSecurityPolicy: { ...nothing, styleSrc: [NONCE], baseUri: ["'none'"], formAction: ["'none'"] },
});
const securityHeaders: MiddlewareHandler<AppEnv> = (c, next) => (c.req.path === '/docs' ? ofPages : ofAnswers)(c, next);

/** Which origins' pages may call, as the settings say. */
const crossOrigin: MiddlewareHandler<AppEnv> = (c, next) => {
  const { corsOrigins } = c.var.services.settings;
  return cors({
    origin: corsOrigins === '*' ? '*' : [...corsOrigins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'cache-control', 'if-match', 'if-none-match', 'x-use-cache'],
    exposeHeaders: ['etag', 'location', 'retry-after', 'server-timing', 'x-cache', 'x-model', 'x-request-id'],
    maxAge: 86_400,
  })(c, next);
};
