/**
 * What is known of a request afterwards: one line of JSON, counters, a data point. Never a text that was sent, nor what
 * was answered to it.
 */
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Dataset, Settings } from './bindings.ts';
import type { AppEnv } from './context.ts';
import { Metrics } from './metrics.ts';

/** What a request's handler adds to its line. */
export class Trace {
  readonly id = crypto.randomUUID();
  readonly #begun = performance.now();
  readonly #stages: [name: string, ms: number][] = [];
  code: string | undefined;
  model: string | undefined;
  version: string | undefined;
  cache: 'hit' | 'miss' | 'bypass' | undefined;
  texts: number | undefined;
  /** Whether time ran out before all texts were answered. */
  cutShort = false;

  /** Times a stage; the runtime's clock stands still between I/O when deployed, so there computing takes 0 ms. */
  async stage<T>(name: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    try {
      return await work();
    } finally {
      this.#stages.push([name, performance.now() - begun]);
    }
  }

  get ms(): number {
    return performance.now() - this.#begun;
  }

  serverTiming(): string {
    const all = [...this.#stages, ['total', this.ms] as const];
    return all.map(([name, ms]) => `${name};dur=${ms.toFixed(2)}`).join(', ');
  }
}

export class Telemetry {
  readonly metrics = new Metrics();
  readonly #logs: Settings['logs'];
  readonly #dataset: Dataset | undefined;

  constructor(logs: Settings['logs'], dataset: Dataset | undefined) {
    this.#logs = logs;
    this.#dataset = dataset;
  }

  record(trace: Trace, method: string, route: string, status: number): void {
    const { code, model, version, cache, texts } = trace;
    const ms = Math.round(trace.ms * 100) / 100;
    const labels = { route, method, status: String(status) };
    this.metrics.count('lacuna_requests_total', labels);
    if (code !== undefined) this.metrics.count('lacuna_errors_total', { code });
    if (cache !== undefined) this.metrics.count('lacuna_answers_total', { cache });
    this.metrics.observe('lacuna_request_seconds', { route }, ms / 1000);
    this.#dataset?.writeDataPoint({
      indexes: [route],
      blobs: [method, String(status), code ?? '', model ?? '', cache ?? ''],
      doubles: [ms, texts ?? 0],
    });
    if (this.#logs === 'none' || (this.#logs === 'errors' && status < 500)) return;
    console.log(JSON.stringify({ request: trace.id, method, route, status, code, model, version, cache, texts, ms }));
  }
}

/** Gives every request an id, tells how long it took, and records it when it is answered. */
export const trace: MiddlewareHandler<AppEnv> = async (c, next) => {
  const trace = new Trace();
  c.set('trace', trace);
  await next();
  c.header('X-Request-Id', trace.id);
  c.header('Server-Timing', trace.serverTiming());
  // The pattern, not the path: a path may name anything.
  const route = routePath(c, -1);
  c.var.services?.telemetry.record(trace, c.req.method, route.includes('*') ? 'none' : route, c.res.status);
};
