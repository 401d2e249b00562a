/**
 * API keys: `lk_<id>_<secret>`, 256 random bits of secret. Stored is the SHA-256 of the whole key, which is enough as
 * there is nothing to guess; a key is shown once, when it is made.
 */
import { hexOf, LacunaError } from '@lacuna/core/inference';
import { z } from 'zod';
import type { Bucket } from './bindings.ts';
import { BoundedMap } from './bounded-map.ts';
import { KEY_TTL_MS, MAX_REMEMBERED } from './limits.ts';
import { sameDigest, sha256 } from './runtime-digest.ts';
import { asked } from './storage-call.ts';

/** `read`: ask models; `write`: publish and delete models; `admin`: make and revoke keys. */
export const SCOPES = ['read', 'write', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

const StoredKey = z.object({
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  sha256: z.string(),
  createdAt: z.string(),
});
type StoredKey = z.infer<typeof StoredKey>;

/** Who a request comes from. */
export interface Caller {
  readonly id: string;
  readonly scopes: readonly Scope[];
}

export interface KeyDescription {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: string;
}

const PREFIX = 'keys/';
const KEY = /^lk_([0-9a-f]{16})_[0-9a-f]{64}$/;
/** What an unknown key is compared with, so that it takes as long as a known one. */
const NOBODY = new Uint8Array(32);

const random = (bytes: number) => hexOf(crypto.getRandomValues(new Uint8Array(bytes)));

export class KeyStore {
  readonly #bucket: Bucket | undefined;
  readonly #rootKeySha256: string | undefined;
  readonly #known = new BoundedMap<{ readonly key: StoredKey | null; readonly at: number }>(MAX_REMEMBERED);

  constructor(bucket: Bucket | undefined, rootKeySha256: string | undefined) {
    this.#bucket = bucket;
    this.#rootKeySha256 = rootKeySha256;
  }

  /** The owner of a key; undefined for a key of nobody. Throws `unavailable`. */
  async verify(key: string): Promise<Caller | undefined> {
    const [, id] = KEY.exec(key) ?? [];
    if (id === undefined) return undefined;
    const digest = await sha256(key);
    if (sameDigest(digest, fromHex(this.#rootKeySha256))) return { id: 'root', scopes: SCOPES };
    const stored = await this.#stored(id);
    return sameDigest(digest, fromHex(stored?.sha256)) && stored ? { id, scopes: stored.scopes } : undefined;
  }

  /** Makes a key; it can be read here and never again. */
  async create(name: string, scopes: readonly Scope[]): Promise<KeyDescription & { readonly key: string }> {
    const id = random(8);
    const key = `lk_${id}_${random(32)}`;
    const stored: StoredKey = {
      name,
      scopes: SCOPES.filter((scope) => scopes.includes(scope)),
      sha256: hexOf(await sha256(key)),
      createdAt: new Date().toISOString(),
    };
    await asked('keys', this.#need().put(keyOf(id), JSON.stringify(stored)));
    return { id, name, scopes: stored.scopes, createdAt: stored.createdAt, key };
  }

  /** A page of the keys that were made, by id. */
  async list(after: string | undefined): Promise<{ keys: KeyDescription[]; next: string | undefined }> {
    const startAfter = after === undefined ? {} : { startAfter: keyOf(after) };
    const page = await asked('keys', this.#need().list({ prefix: PREFIX, limit: 100, ...startAfter }));
    const ids = page.objects.map(({ key }) => key.slice(PREFIX.length, -'.json'.length));
    const found = await Promise.all(ids.map(async (id) => ({ id, stored: await this.#read(id) })));
    const keys = found.flatMap(({ id, stored }) =>
      stored ? [{ id, name: stored.name, scopes: stored.scopes, createdAt: stored.createdAt }] : [],
    );
    return { keys, next: page.truncated ? ids.at(-1) : undefined };
  }

  /** Throws `unknown_key`. Other isolates take the key for a minute more. */
  async revoke(id: string): Promise<void> {
    const bucket = this.#need();
    if (!(await this.#read(id))) throw new LacunaError('unknown_key', `keys: expected the id of a key, got ${id}.`);
    await asked('keys', bucket.delete(keyOf(id)));
    this.#known.delete(id);
  }

  async #stored(id: string): Promise<StoredKey | null> {
    if (!this.#bucket) return null;
    const known = this.#known.get(id);
    if (known && Date.now() - known.at < KEY_TTL_MS) return known.key;
    const key = await this.#read(id);
    this.#known.set(id, { key, at: Date.now() });
    return key;
  }

  async #read(id: string): Promise<StoredKey | null> {
    const object = await asked('keys', this.#need().get(keyOf(id)));
    return object ? StoredKey.parse(JSON.parse(await object.text())) : null;
  }

  #need(): Bucket {
    if (this.#bucket) return this.#bucket;
    throw new LacunaError('unavailable', 'keys: no bucket is bound to this service. See wrangler.toml.');
  }
}

const keyOf = (id: string) => `${PREFIX}${id}.json`;

function fromHex(text: string | undefined): Uint8Array {
  return text === undefined ? NOBODY : Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
