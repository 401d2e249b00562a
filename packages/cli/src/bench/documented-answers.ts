/** What a service's OpenAPI document says it may answer, to hold answers against. */

interface Response {
  readonly content?: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { responses: Readonly<Record<string, Response>> }>>>>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  /** Where a redirection leads. */
  readonly location?: string | undefined;
}

export class DocumentedAnswers {
  readonly #paths: readonly { readonly matches: RegExp; readonly methods: Document['paths'][string] }[];

  constructor({ paths }: Document) {
    this.#paths = Object.entries(paths).map(([path, methods]) => ({
      matches: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
      methods,
    }));
  }

  /** Why the service should not have answered so; undefined when it may. */
  objection(method: string, target: string, answer: Answer): string | undefined {
    // A server may read a path as it came, or resolve its dots first.
    const asItCame = target.split('?')[0] as string;
    const resolved = new URL(`http://edge.invalid${target}`).pathname;
    return this.#objection(method, asItCame, answer) && this.#objection(method, resolved, answer);
  }

  #objection(method: string, path: string, { status, body, location }: Answer): string | undefined {
    if (status >= 500 && status !== 503) return `${method} ${path} failed with ${status}: ${body.slice(0, 200)}`;
    if (method === 'HEAD' || method === 'OPTIONS') return undefined;
    const known = this.#paths.filter(({ matches }) => matches.test(path));
    const operation = known.map(({ methods }) => methods[method.toLowerCase()]).find((found) => found !== undefined);
    // The static assets send other spellings of the page's address to it.
    if (!operation && status === 307 && /^\/(\?|$)/.test(location ?? '')) return undefined;
    const unrouted = ['400', '401', '403', '404', '405', '413', '429'];
    const own = path === '/openapi.json' || path === '/docs' || /^\/[\w.-]*$/.test(path);
    const allowed = operation ? Object.keys(operation.responses) : [...unrouted, ...(own ? ['200', '304'] : [])];
    if (!allowed.includes(String(status))) {
      return `${method} ${path} got ${status}, which is not documented: ${body.slice(0, 200)}`;
    }
    if (status >= 400 && operation && !isTypedError(body)) {
      return `${method} ${path} got ${status} without a code: ${body.slice(0, 200)}`;
    }
    if (operation?.responses[status]?.content?.['application/json'] && !isJson(body)) {
      return `${method} ${path} got ${status} with what is no JSON: ${body.slice(0, 200)}`;
    }
    return undefined;
  }
}

/** In any of the dialects. */
function isTypedError(body: string): boolean {
  if (!isJson(body)) return false;
  const value = JSON.parse(body) as {
    error?: { code?: unknown } | string;
    error_code?: unknown;
    errors?: { error_code?: unknown }[];
    status?: unknown;
  };
  const code =
    typeof value.error === 'object' ? value.error?.code : (value.error_code ?? value.errors?.[0]?.error_code);
  // Readiness that is refused says so in its own shape.
  return typeof code === 'string' || value.status === 'unavailable';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
