/** The client: one method a route, one text or several. */
import { type Policy, requestJson } from './request.ts';
import type { Candidate, ClassifyOptions, FillMaskOptions, LabelScore, ServedModel } from './wire.ts';

export interface ClientOptions extends Partial<Policy> {
  /** Where the service is, e.g. `https://lacuna.example.workers.dev`. */
  readonly baseUrl: string;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface LacunaClient {
  /** Candidates for every `[MASK]` of the text: a list a gap. Of several texts, such a list a text. */
  fillMask(text: string, options?: FillMaskOptions & RequestOptions): Promise<Candidate[][]>;
  fillMask(texts: readonly string[], options?: FillMaskOptions & RequestOptions): Promise<Candidate[][][]>;
  /** The labels of the text, best first. Of several texts, a list a text. */
  classify(text: string, options?: ClassifyOptions & RequestOptions): Promise<LabelScore[]>;
  classify(texts: readonly string[], options?: ClassifyOptions & RequestOptions): Promise<LabelScore[][]>;
  /** What the service has to offer. */
  models(options?: RequestOptions): Promise<ServedModel[]>;
}

/** Methods throw `LacunaError` with a stable `code`. */
export function createClient(options: ClientOptions): LacunaClient {
  const { baseUrl, timeoutMs = 10_000, retries = 2, backoffMs = 250 } = options;
  const fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  const policy: Policy = { fetch, timeoutMs, retries, backoffMs };
  const root = baseUrl.replace(/\/+$/, '');
  const post = (path: string, input: string | readonly string[], given: FillMaskOptions & RequestOptions) => {
    const { signal, topK, ...rest } = given;
    const body = {
      ...(typeof input === 'string' ? { text: input } : { texts: input }),
      ...rest,
      ...(topK === undefined ? {} : { top_k: topK }),
    };
    return requestJson(root + path, body, policy, signal);
  };

  async function fillMask(text: string, options?: FillMaskOptions & RequestOptions): Promise<Candidate[][]>;
  async function fillMask(
    texts: readonly string[],
    options?: FillMaskOptions & RequestOptions,
  ): Promise<Candidate[][][]>;
  async function fillMask(input: string | readonly string[], options: FillMaskOptions & RequestOptions = {}) {
    const answer = (await post('/v1/fill-mask', input, options)) as {
      gaps: Candidate[][];
      results: { gaps: Candidate[][] }[];
    };
    return typeof input === 'string' ? answer.gaps : answer.results.map(({ gaps }) => gaps);
  }

  async function classify(text: string, options?: ClassifyOptions & RequestOptions): Promise<LabelScore[]>;
  async function classify(
    texts: readonly string[],
    options?: ClassifyOptions & RequestOptions,
  ): Promise<LabelScore[][]>;
  async function classify(input: string | readonly string[], options: ClassifyOptions & RequestOptions = {}) {
    const answer = (await post('/v1/classify', input, options)) as {
      labels: LabelScore[];
      results: { labels: LabelScore[] }[];
    };
    return typeof input === 'string' ? answer.labels : answer.results.map(({ labels }) => labels);
  }

  return {
    fillMask,
    classify,
    async models({ signal } = {}) {
      const answer = (await requestJson(`${root}/v1/models`, undefined, policy, signal)) as { models: ServedModel[] };
      return answer.models;
    },
  };
}
