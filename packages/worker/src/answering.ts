/** From a request to an answer: the model, the answers of before, one text after the other within the request's limits. */
import { LacunaError, type Model, type ModelTask, WorkBudget } from '@lacuna/core/inference';
import type { Context } from 'hono';
import { answerUrl, cacheWishes, questionHash } from './answer-cache.ts';
import type { AppEnv } from './context.ts';
import { type ErrorFacts, factsOf } from './errors.ts';
import { MAX_REQUEST_MS, MAX_WORK } from './limits.ts';

export interface Asked {
  /** A model's name, or `name@version`; the default one of the task without it. */
  readonly id: string | undefined;
  /** What the model must be for; any will do without it. */
  readonly task: ModelTask | undefined;
  /** All that the answer depends on besides the model. */
  readonly request: unknown;
}

/** The answer that was kept, or a new one. */
export async function answer<T>(
  c: Context<AppEnv>,
  { id, task, request }: Asked,
  compute: (model: Model, name: string, budget: WorkBudget) => Promise<T>,
): Promise<T> {
  const { services, trace } = c.var;
  const found = await services.registry.resolve(id, task);
  trace.model = found.name;
  const wishes = cacheWishes(c);
  const question = services.answers.exists && wishes.write ? await questionHash(c, request) : undefined;
  trace.cache = question !== undefined && wishes.read ? 'miss' : 'bypass';
  if (question !== undefined && wishes.read && found.version !== undefined) {
    const url = answerUrl(found.name, found.version, question);
    const kept = await trace.stage('cache', () => services.answers.get(url));
    if (kept !== undefined) {
      trace.cache = 'hit';
      tell(c, found.name, found.version);
      return kept as T;
    }
  }
  const { model, version } = await trace.stage('load', () => found.load());
  const computed = await trace.stage('compute', () => compute(model, found.name, new WorkBudget(MAX_WORK)));
  if (question !== undefined && !trace.cutShort) {
    services.keepAlive(services.answers.put(answerUrl(found.name, version, question), computed));
  }
  tell(c, found.name, version);
  return computed;
}

function tell(c: Context<AppEnv>, name: string, version: string): void {
  c.var.trace.version = version;
  c.header('X-Model', `${name}@${version}`);
  c.header('X-Cache', c.var.trace.cache);
}

export interface ItemError {
  readonly error: ErrorFacts;
}

/**
 * One text after the other. An error says which text it is about; with `partial` it stands in that text's place. When
 * the request has taken its time, the texts that are left get `timeout`.
 */
export async function each<R>(
  c: Context<AppEnv>,
  texts: readonly string[],
  where: string,
  one: (text: string) => Promise<R>,
): Promise<R[]>;
export async function each<R>(
  c: Context<AppEnv>,
  texts: readonly string[],
  where: string,
  one: (text: string) => Promise<R>,
  partial: boolean | undefined,
): Promise<(R | ItemError)[]>;
export async function each<R>(
  c: Context<AppEnv>,
  texts: readonly string[],
  where: string,
  one: (text: string) => Promise<R>,
  partial = false,
): Promise<(R | ItemError)[]> {
  const { trace } = c.var;
  const begun = performance.now();
  trace.texts = texts.length;
  const results: (R | ItemError)[] = [];
  for (const [i, text] of texts.entries()) {
    try {
      if (performance.now() - begun > MAX_REQUEST_MS) {
        trace.cutShort = true;
        throw new LacunaError('timeout', `the request has taken ${MAX_REQUEST_MS} ms. Send fewer texts.`);
      }
      results.push(await one(text));
    } catch (error) {
      if (!(error instanceof LacunaError)) throw error;
      const named = new LacunaError(error.code, `${where}[${i}]: ${error.message}`, error.facts, { cause: error });
      const { status, ...facts } = factsOf(named);
      if (!partial || status >= 500) throw named;
      results.push({ error: facts });
    }
  }
  return results;
}
