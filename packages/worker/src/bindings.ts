/** The bindings of `wrangler.toml`, as far as they are used; and the settings that its variables make. */

/** Where files come from: the static assets' binding, or a test's own. */
export interface Files {
  fetch(url: string): Promise<Response>;
}

export interface StoredObject {
  readonly key: string;
  readonly size: number;
  readonly httpEtag: string;
  readonly uploaded: Date;
  readonly customMetadata?: Record<string, string>;
}

export interface StoredBody extends StoredObject {
  readonly body: ReadableStream<Uint8Array>;
  text(): Promise<string>;
}

/** An R2 bucket. */
export interface Bucket {
  get(key: string): Promise<StoredBody | null>;
  /** Null when the condition does not hold. */
  put(
    key: string,
    value: ReadableStream<Uint8Array> | string,
    options?: {
      readonly onlyIf?: { readonly etagMatches?: string; readonly etagDoesNotMatch?: string };
      readonly customMetadata?: Record<string, string>;
    },
  ): Promise<StoredObject | null>;
  delete(keys: string | string[]): Promise<void>;
  list(options: {
    readonly prefix: string;
    readonly limit?: number;
    readonly startAfter?: string;
    readonly include?: readonly 'customMetadata'[];
  }): Promise<{ readonly objects: readonly StoredObject[]; readonly truncated: boolean }>;
}

/** The Workers rate-limit binding. */
export interface RateLimit {
  limit(options: { readonly key: string }): Promise<{ readonly success: boolean }>;
}

/** A Workers Analytics Engine dataset. */
export interface Dataset {
  writeDataPoint(point: {
    readonly indexes: readonly string[];
    readonly blobs: readonly string[];
    readonly doubles: readonly number[];
  }): void;
}

export interface Env {
  readonly ASSETS: Files;
  readonly MODELS?: Bucket;
  readonly RATE_LIMITER?: RateLimit;
  readonly ANALYTICS?: Dataset;
  readonly CORS_ORIGINS?: string;
  readonly READING?: string;
  readonly LOGS?: string;
  readonly METRICS?: string;
  readonly REQUESTS_PER_MINUTE?: string;
  readonly ROOT_KEY_SHA256?: string;
}

export interface Settings {
  /** Origins whose pages may call the service; `*` for any. */
  readonly corsOrigins: '*' | readonly string[];
  /** Whether a key is needed to read, not only to write. */
  readonly privateReading: boolean;
  readonly logs: 'all' | 'errors' | 'none';
  /** Whether `/metrics` answers: figures of one isolate, so for one machine. */
  readonly metrics: boolean;
  /** Of one client, where the rate-limit binding is not there; 0 for no limit, the binding's neither. */
  readonly requestsPerMinute: number;
  /** Of the key that may do everything, in hex; without it only stored keys are known. */
  readonly rootKeySha256: string | undefined;
}

export function settingsOf(env: Partial<Env>): Settings {
  const origins = (env.CORS_ORIGINS ?? '*').split(',').map((origin) => origin.trim());
  const perMinute = Number(env.REQUESTS_PER_MINUTE ?? 1_200);
  return {
    corsOrigins: origins.includes('*') ? '*' : origins,
    // Anything but a plain "public" keeps the door shut: a misspelt setting must not open it.
    privateReading: (env.READING ?? 'public') !== 'public',
    logs: env.LOGS === 'errors' || env.LOGS === 'none' ? env.LOGS : 'all',
    metrics: env.METRICS === 'on',
    requestsPerMinute: Number.isFinite(perMinute) && perMinute >= 0 ? perMinute : 1_200,
    rootKeySha256: /^[0-9a-f]{64}$/.test(env.ROOT_KEY_SHA256 ?? '') ? env.ROOT_KEY_SHA256 : undefined,
  };
}
