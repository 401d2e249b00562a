/** The client: one method a route, one text or several. Built on Hono's typed client, whose types are the service's own. */
import type { LacunaError } from '@lacuna/core/errors';
import type { Api } from '@lacuna/worker/app';
import { hc, type InferResponseType } from 'hono/client';
import { answerOf, type Policy, patientFetch, refusal } from './request.ts';
import { canTellUploads, uploadingFetch } from './upload.ts';
import type {
  ApiKey,
  Candidate,
  ClassifyOptions,
  EmbedOptions,
  Filled,
  FillMaskOptions,
  LabelScore,
  PublishedModel,
  PublishOptions,
  Scope,
  ScoreOptions,
  ServedModel,
  TextScore,
} from './wire.ts';

export interface ClientOptions extends Partial<Policy> {
  /** Where the service is, e.g. `https://lacuna.example.workers.dev`. */
  readonly baseUrl: string;
  /** An API key: for writing, and for reading where that is private. */
  readonly key?: string;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

/** Of several texts, give each its own result or error instead of failing with the first error. */
export interface Partly {
  readonly partial: true;
}

/** One text gives its answer, several a list; with `partial` an error stands where a text has no answer. */
export interface Ask<Options, Result> {
  (text: string, options?: Options & RequestOptions): Promise<Result>;
  (texts: readonly string[], options: Options & RequestOptions & Partly): Promise<(Result | LacunaError)[]>;
  (texts: readonly string[], options?: Options & RequestOptions): Promise<Result[]>;
}

export interface LacunaClient {
  /** Candidates for every `[MASK]` of the text: a list a gap. */
  readonly fillMask: Ask<FillMaskOptions, Candidate[][]>;
  /** The same, one gap at a time, the surest first, each knowing of those before; and the whole text. */
  readonly fillOneByOne: Ask<FillMaskOptions, Filled>;
  /** The labels of the text, best first. */
  readonly classify: Ask<ClassifyOptions, LabelScore[]>;
  /** The text as a vector. */
  readonly embed: Ask<EmbedOptions, number[]>;
  /** How likely the text is, token by token. */
  readonly score: Ask<ScoreOptions, TextScore>;
  /** What the service has to offer. */
  models(options?: RequestOptions): Promise<ServedModel[]>;
  /** Publishes a file of `lacuna export` as the latest version of `name`. Needs a key with the scope `write`. */
  publish(name: string, file: Uint8Array | Blob, options?: PublishOptions & RequestOptions): Promise<PublishedModel>;
  /** Deletes a stored model, or one version of it (`name@version`). */
  deleteModel(id: string, options?: RequestOptions): Promise<void>;
  /** Makes an API key, which is shown this once. Needs a key with the scope `admin`. */
  createKey(
    key: { readonly name: string; readonly scopes: readonly Scope[] },
    options?: RequestOptions,
  ): Promise<ApiKey & { readonly key: string }>;
  keys(options?: RequestOptions): Promise<ApiKey[]>;
  revokeKey(id: string, options?: RequestOptions): Promise<void>;
}

/** An upload is larger than anything else. */
const UPLOAD_TIMEOUT_MS = 120_000;

/** The service's routes as typed calls, answers of any status: for what the methods of `createClient` do not cover. */
export function createApi({ baseUrl, key, ...options }: ClientOptions) {
  const { timeoutMs = 10_000, retries = 2, backoffMs = 250 } = options;
  const fetch = patientFetch({
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    timeoutMs,
    retries,
    backoffMs,
  });
  const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return hc<Api>(baseUrl.replace(/\/+$/, ''), { fetch, headers });
}

type Routes = ReturnType<typeof createApi>['v1'];
/** What one text is answered with, as the service's own types have it. */
type Item<Post> = Exclude<InferResponseType<Post, 200>, { results: unknown }>;

/** Methods throw `LacunaError` with a stable `code`. */
export function createClient(options: ClientOptions): LacunaClient {
  const { v1 } = createApi(options);
  const uploading: ClientOptions = { ...options, timeoutMs: Math.max(options.timeoutMs ?? 0, UPLOAD_TIMEOUT_MS) };
  // Asked twice, it would make two: a key whose answer was lost is nobody's.
  const once = createApi({ ...options, retries: 0 }).v1;
  const models = v1.models[':id'];
  return {
    fillMask: ask<FillMaskOptions, Item<Routes['fill-mask']['$post']>, Candidate[][]>(
      (json, init) => v1['fill-mask'].$post({ json }, init),
      ({ gaps }) => gaps,
    ),
    fillOneByOne: ask<FillMaskOptions, Item<Routes['fill-mask']['$post']>, Filled>(
      (json, init) => v1['fill-mask'].$post({ json: { ...json, strategy: 'one_by_one' } }, init),
      ({ gaps, filled = '' }) => ({ gaps, filled }),
    ),
    classify: ask<ClassifyOptions, Item<Routes['classify']['$post']>, LabelScore[]>(
      (json, init) => v1.classify.$post({ json }, init),
      ({ labels }) => labels,
    ),
    embed: ask<EmbedOptions, Item<Routes['embed']['$post']>, number[]>(
      (json, init) => v1.embed.$post({ json }, init),
      ({ embedding }) => embedding,
    ),
    score: ask<ScoreOptions, Item<Routes['score']['$post']>, TextScore>(
      (json, init) => v1.score.$post({ json }, init),
      ({ log_likelihood, pseudo_perplexity, tokens }) => ({ log_likelihood, pseudo_perplexity, tokens }),
    ),
    async models({ signal } = {}) {
      const all: ServedModel[] = [];
      for (let cursor: string | undefined; ; ) {
        const query = cursor === undefined ? {} : { cursor };
        const page: InferResponseType<Routes['models']['$get'], 200> = await answerOf(
          await v1.models.$get({ query }, withSignal(signal)),
        );
        all.push(...page.models);
        cursor = page.next_cursor;
        if (cursor === undefined) return all;
      }
    },
    async publish(name, file, { description, createOnly = false, onProgress, signal } = {}) {
      const tells = onProgress && options.fetch === undefined && canTellUploads();
      const uploads = createApi(tells ? { ...uploading, fetch: uploadingFetch(onProgress) } : uploading).v1;
      const query = description === undefined ? {} : { description };
      const headers = { 'content-type': 'application/octet-stream', ...(createOnly ? { 'if-none-match': '*' } : {}) };
      const init = { body: file as BodyInit, ...withSignal(signal).init };
      return answerOf(await uploads.models[':id'].$put({ param: { id: name }, query }, { headers, init }));
    },
    async deleteModel(id, { signal } = {}) {
      await answerOf(await models.$delete({ param: { id } }, withSignal(signal)));
    },
    async createKey({ name, scopes }, { signal } = {}) {
      return answerOf(await once.keys.$post({ json: { name, scopes: [...scopes] } }, withSignal(signal)));
    },
    async keys({ signal } = {}) {
      const all: ApiKey[] = [];
      for (let cursor: string | undefined; ; ) {
        const query = cursor === undefined ? {} : { cursor };
        const page: InferResponseType<Routes['keys']['$get'], 200> = await answerOf(
          await v1.keys.$get({ query }, withSignal(signal)),
        );
        all.push(...page.keys);
        cursor = page.next_cursor;
        if (cursor === undefined) return all;
      }
    },
    async revokeKey(id, { signal } = {}) {
      await answerOf(await v1.keys[':id'].$delete({ param: { id } }, withSignal(signal)));
    },
  };
}

/** Every field that a task may have; each route takes its own. */
interface TaskBody {
  text?: string;
  texts?: string[];
  partial?: boolean;
  model?: string;
  truncate?: boolean;
  top_k?: number;
  targets?: string[];
  threshold?: number | 'model';
  normalize?: boolean;
  passes?: number;
}

interface Init {
  readonly init: RequestInit;
}

const withSignal = (signal: AbortSignal | undefined): Init => ({ init: signal ? { signal } : {} });

type Post = (json: TaskBody, init: Init) => Promise<Parameters<typeof answerOf>[0]>;

/** A task's method out of its request and of what is picked from one text's answer. */
function ask<Options extends object, Item extends object, Result>(
  post: Post,
  pick: (item: Item) => Result,
): Ask<Options, Result> {
  const asked = async (input: string | readonly string[], given: object = {}) => {
    const { signal, topK, ...rest } = given as RequestOptions & { topK?: number };
    const texts = typeof input === 'string' ? { text: input } : { texts: [...input] };
    const response = await post(
      { ...texts, ...rest, ...(topK === undefined ? {} : { top_k: topK }) },
      withSignal(signal),
    );
    if (typeof input === 'string') return pick(await answerOf<Item>(response));
    const { results } = await answerOf<{ results: (Item | { error: unknown })[] }>(response);
    return results.map((item) => ('error' in item ? refusal(item, response.status) : pick(item)));
  };
  return asked as Ask<Options, Result>;
}
