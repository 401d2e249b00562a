/** How the service is: whether it runs, what it could answer, what it has done. */
import { createRoute, z } from '@hono/zod-openapi';
import { LacunaError } from '@lacuna/core/errors';
import type { Registry } from '../registry.ts';
import { createRouter } from '../router.ts';
import { ALWAYS, failures, json } from '../schemas/common.ts';

const health = createRoute({
  method: 'get',
  path: '/healthz',
  summary: 'Whether the service runs.',
  tags: ['Operations'],
  responses: { 200: json(z.object({ status: z.literal('ok') }).openapi({ example: { status: 'ok' } }), 'It runs.') },
});

const Readiness = z
  .object({
    status: z.enum(['ready', 'degraded', 'unavailable']),
    models: z.array(
      z.object({
        name: z.string(),
        task: z.enum(['fill-mask', 'text-classification']),
        state: z.enum(['loaded', 'loading', 'loadable', 'missing']),
      }),
    ),
    storage: z.enum(['ok', 'failing', 'none']),
  })
  .openapi('Readiness', {
    example: {
      status: 'ready',
      models: [{ name: 'lacuna-fill', task: 'fill-mask', state: 'loadable' }],
      storage: 'ok',
    },
  });

const readiness = createRoute({
  method: 'get',
  path: '/readyz',
  summary: "Which of the deployment's models could answer, without loading any.",
  tags: ['Operations'],
  responses: {
    200: json(Readiness, "ready; degraded where the storage fails or a model that is no task's default is missing."),
    ...failures([401, 429, 500]),
    503: json(Readiness, 'unavailable: the default of a task is missing, or the list of models.'),
  },
});

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  summary: "One isolate's counters for Prometheus. Off unless METRICS is on: a deployment has many isolates.",
  tags: ['Operations'],
  responses: {
    200: { description: 'The exposition format.', content: { 'text/plain': { schema: z.string() } } },
    ...failures([404, ...ALWAYS]),
  },
});

export function operationRoutes() {
  return createRouter()
    .openapi(health, (c) => c.json({ status: 'ok' as const }, 200))
    .openapi(readiness, async (c) => {
      const { registry } = c.var.services;
      const listed = await registry.list().catch(() => []);
      const models = await Promise.all(
        listed.map(async (model) => ({ name: model.name, task: model.task, state: await registry.isLoadable(model) })),
      );
      const storage = await storageState(registry);
      const isDefault = (i: number) => models.findIndex(({ task }) => task === models[i]?.task) === i;
      const missing = models.filter(({ state }) => state === 'missing');
      if (models.length === 0 || models.some(({ state }, i) => state === 'missing' && isDefault(i))) {
        return c.json({ status: 'unavailable' as const, models, storage }, 503);
      }
      const status = missing.length > 0 || storage === 'failing' ? ('degraded' as const) : ('ready' as const);
      return c.json({ status, models, storage }, 200);
    })
    .openapi(metrics, (c) => {
      const { settings, telemetry, registry } = c.var.services;
      if (!settings.metrics) throw new LacunaError('unknown_route', 'GET /metrics: METRICS is not on.');
      return c.text(telemetry.metrics.text(registry.gauges()), 200);
    });
}

async function storageState({ store }: Registry): Promise<'ok' | 'failing' | 'none'> {
  if (!store) return 'none';
  return store.list(1, undefined).then(
    () => 'ok' as const,
    () => 'failing' as const,
  );
}
