/** The runtime's own digests: SHA-256 over a stream, and comparing without telling how much was right. */
import type { Sha256Sink } from '@lacuna/core/inference';

interface RuntimeCrypto {
  readonly DigestStream: new (
    algorithm: string,
  ) => WritableStream<Uint8Array> & { readonly digest: Promise<ArrayBuffer> };
  readonly subtle: { timingSafeEqual(a: ArrayBufferView, b: ArrayBufferView): boolean };
}

/** Workers has both, the types of a browser have neither. */
const runtime = crypto as unknown as RuntimeCrypto;

export function sha256Sink(): Sha256Sink & { abort(): void } {
  const stream = new runtime.DigestStream('SHA-256');
  const writer = stream.getWriter();
  // Whoever aborts does not ask for the digest.
  for (const ended of [stream.digest, writer.closed]) ended.catch(() => {});
  return {
    write: (bytes) => writer.write(bytes),
    async digest() {
      await writer.close();
      return stream.digest;
    },
    abort: () => void writer.abort().catch(() => {}),
  };
}

export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
}

/** Whether two digests are the same, in a time that does not depend on where they differ. */
export function sameDigest(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && runtime.subtle.timingSafeEqual(a, b);
}
