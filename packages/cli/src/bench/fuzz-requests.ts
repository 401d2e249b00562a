/** Requests to throw at the edge API: good ones, good ones with something changed, and ones that nobody would send. */
import fc from 'fast-check';

export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

interface Good {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: Json;
}

const post = (path: string, body: Json): Good => ({ method: 'POST', path, body });
const TEXT = 'The river flows into the [MASK].';

const GOOD: readonly Good[] = [
  post('/v1/fill-mask', { text: TEXT, top_k: 3 }),
  post('/v1/fill-mask', { texts: [TEXT, 'a [MASK] and a [MASK]'], targets: ['sea', 'lake'], partial: true }),
  post('/v1/fill-mask', { text: 'a [MASK] and a [MASK]', strategy: 'one_by_one', truncate: true }),
  post('/v1/classify', { text: 'A quietly moving film.', top_k: 1, threshold: 0.5 }),
  post('/v1/classify', { texts: ['good', 'bad'], model: 'lacuna-sentiment', partial: true }),
  post('/v1/embed', { texts: ['a river', 'a stream'], model: 'lacuna-sentiment', normalize: false }),
  post('/v1/score', { text: 'The river flows into the sea.', passes: 3 }),
  post('/models/lacuna-fill', { inputs: TEXT, parameters: { top_k: 2, targets: ['sea'] } }),
  post('/models/lacuna-sentiment', { inputs: ['good', 'bad'], parameters: { function_to_apply: 'sigmoid' } }),
  post('/models/lacuna-fill/pipeline/feature-extraction', { inputs: 'a river', parameters: { normalize: true } }),
  post('/ai/run/lacuna-sentiment', { text: 'good', top_k: 1 }),
  post('/ai/run/lacuna-fill', { text: ['a river'], task: 'embeddings' }),
  post('/v1/keys', { name: 'fuzz', scopes: ['read'] }),
  { method: 'GET', path: '/v1/models?limit=5' },
  { method: 'GET', path: '/v1/models/lacuna-fill' },
  { method: 'GET', path: '/v1/models/lacuna-fill@latest/artifact' },
  { method: 'GET', path: '/readyz' },
  { method: 'GET', path: '/healthz' },
  { method: 'GET', path: '/openapi.json' },
  { method: 'GET', path: '/docs' },
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/v1/keys' },
  { method: 'DELETE', path: '/v1/models/nobody@0123456789abcdef' },
  { method: 'DELETE', path: '/v1/keys/0123456789abcdef' },
];

const marks = fc.constantFrom('[MASK]', '[MASK][MASK]', ' ', '\u0000', '\ud800', '🙂', 'é', '\u202e', '"', '\\', '\n');
const oddText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(fc.oneof(marks, fc.string({ maxLength: 8 })), { maxLength: 60 }).map((parts) => parts.join('')),
  fc.tuple(marks, fc.integer({ min: 1, max: 3_000 })).map(([mark, times]) => mark.repeat(times)),
  fc.integer({ min: 1, max: 25_000 }).map((length) => 'x'.repeat(length)),
);
const oddNumber = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -1, 1, 100, 101, 1e9, Number.MAX_SAFE_INTEGER, 0.5),
);
const oddValue: fc.Arbitrary<Json> = fc.oneof(
  oddText,
  oddNumber,
  fc.constantFrom<Json>(null, true, false, [], {}, [[]], ['a', 1]),
  fc.array(oddText, { maxLength: 40 }),
  fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>,
);

/** Where something stands in a value: keys from the outside in. */
function placesOf(value: Json, path: readonly string[] = []): (readonly string[])[] {
  const inside =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, of]) => placesOf(of, [...path, key]))
      : [];
  return [path, ...inside];
}

function changed(value: Json, [key, ...rest]: readonly string[], to: Json | undefined): Json | undefined {
  if (key === undefined) return to;
  const copy = structuredClone(value) as Record<string, Json>;
  const inner = changed(copy[key] as Json, rest, to);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return copy;
}

/** The body with one value replaced or taken away, or with a field that should not be there. */
function bodyOf(body: Json): fc.Arbitrary<string> {
  const replaced = fc
    .tuple(fc.constantFrom(...placesOf(body)), fc.option(oddValue, { nil: undefined }))
    .map(([place, to]) => JSON.stringify(changed(body, place, to) ?? null));
  const added = fc
    .tuple(fc.oneof(fc.constantFrom('model', 'texts', 'top_k', '__proto__', 'constructor'), oddText), oddValue)
    .map(([name, value]) => JSON.stringify({ ...(body as object), [name]: value }));
  const text = JSON.stringify(body);
  const cut = fc.integer({ min: 0, max: text.length }).map((length) => text.slice(0, length));
  const nested = fc.integer({ min: 1, max: 50_000 }).map((depth) => `{"text":${'['.repeat(depth)}`);
  return fc.oneof({ arbitrary: replaced, weight: 5 }, added, cut, nested, fc.constant(text));
}

const oddHeaders = fc.dictionary(
  fc.constantFrom(
    ...['authorization', 'content-type', 'accept', 'origin', 'cache-control', 'if-match', 'if-none-match'],
    ...['x-use-cache', 'cookie', 'content-encoding', 'range', 'access-control-request-method', 'x-forwarded-for'],
  ),
  fc.oneof(
    fc.constantFrom('*', '""', 'Bearer', 'no-store', 'application/json', 'text/plain', 'gzip', 'bytes=0-1', 'null'),
    fc.constant(`Bearer lk_${'0'.repeat(16)}_${'0'.repeat(64)}`),
    fc.string({ maxLength: 100 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')),
  ),
  { maxKeys: 4 },
);

const segment = fc.oneof(
  fc.constantFrom(
    'v1',
    'models',
    'ai',
    'run',
    'keys',
    'lacuna-fill',
    'lacuna-fill@latest',
    '..',
    '.',
    '%00',
    '%2e%2e',
    '%',
    '',
  ),
  fc.string({ maxLength: 30 }).map(encoded),
  fc.integer({ min: 1, max: 4_000 }).map((length) => 'a'.repeat(length)),
);
const oddPath = fc
  .tuple(fc.array(segment, { maxLength: 6 }), fc.option(fc.string({ maxLength: 50 }).map(encoded)))
  .map(([segments, query]) => `/${segments.join('/')}${query === null ? '' : `?${query}`}`);

/** Lone halves of a character have no encoding. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD');
const JSON_TYPE = { 'content-type': 'application/json' };

/** A request with one or more things wrong with it, or none. */
export function fuzzRequests(key: string): fc.Arbitrary<FuzzRequest> {
  const asAdmin = { authorization: `Bearer ${key}` };
  const mutated = fc.constantFrom(...GOOD).chain(({ method: of, path, body }) =>
    fc.record({
      method: fc.oneof({ arbitrary: fc.constant<string>(of), weight: 9 }, method),
      path: fc.oneof({ arbitrary: fc.constant(path), weight: 9 }, oddPath),
      headers: fc.oneof(
        { arbitrary: fc.constant({ ...JSON_TYPE, ...asAdmin }), weight: 6 },
        oddHeaders.map((odd) => ({ ...JSON_TYPE, ...odd })),
      ),
      body: body === undefined ? fc.constant(undefined) : bodyOf(body),
    }),
  );
  const random = fc.record({
    method,
    path: oddPath,
    headers: oddHeaders,
    body: fc.option(fc.oneof(oddText, fc.uint8Array({ maxLength: 2_000 })), { nil: undefined }),
  });
  return fc.oneof({ arbitrary: mutated, weight: 4 }, random);
}
