/**
 * Checks an artifact while its bytes pass by on their way elsewhere: what is kept of it is the header and one number, so
 * a server can take a file from anybody in bounded memory.
 */
import { LacunaError } from '../errors.ts';
import { type ArtifactHeader, checkFinite, checkSha256, hexOf, readHeader } from './artifact.ts';
import { headerEnd, type Layout, LENGTH_BYTES, readLayout, truncated } from './safetensors.ts';

/** A checksum that is fed piece by piece, as WebCrypto's is not. */
export interface Sha256Sink {
  write(bytes: Uint8Array): Promise<void> | void;
  digest(): Promise<ArrayBuffer>;
}

export interface PassingCheckOptions {
  /** What the file is said to hold. */
  readonly sizeBytes: number;
  /** A header is kept and parsed as a whole. */
  readonly maxHeaderBytes: number;
  readonly sha256: Sha256Sink;
  /** Sees the header as soon as it is there; what it throws ends the check. */
  readonly onHeader?: (header: ArtifactHeader) => void;
}

/** `push` every piece in order and await it, then `finish`. Each throws as `readArtifact` does. */
export class PassingCheck {
  readonly #options: PassingCheckOptions;
  /** Until the header is whole: its pieces, their bytes, and how many are needed to go on. */
  #pieces: Uint8Array[] = [];
  #kept = 0;
  #needed = LENGTH_BYTES;
  #at = 0;
  #known: { readonly layout: Layout; readonly header: ArtifactHeader } | undefined;
  /** The span that the next byte belongs to. */
  #span = 0;
  /** Bytes of a float that a piece ended within. */
  #rest = new Uint8Array(0);

  constructor(options: PassingCheckOptions) {
    this.#options = options;
  }

  async push(piece: Uint8Array): Promise<void> {
    const data = this.#known ? piece : await this.#readHead(piece);
    if (data === undefined) return;
    await this.#options.sha256.write(data);
    this.#checkData(data);
  }

  /** After the last piece: what the file is. */
  async finish(): Promise<ArtifactHeader> {
    const { sizeBytes, sha256 } = this.#options;
    if (!this.#known) throw truncated(this.#needed, this.#kept);
    const got = this.#known.layout.dataStart + this.#at;
    if (got < sizeBytes) throw truncated(sizeBytes, got);
    checkSha256(hexOf(await sha256.digest()), this.#known.header.sha256);
    return this.#known.header;
  }

  /** Keeps the piece until the header is whole; then what lies behind it. Joins only when enough is there. */
  async #readHead(piece: Uint8Array): Promise<Uint8Array | undefined> {
    const { sizeBytes, maxHeaderBytes, onHeader } = this.#options;
    this.#pieces.push(piece.slice());
    this.#kept += piece.length;
    if (this.#kept < this.#needed) return undefined;
    const kept = joined(this.#pieces);
    const end = headerEnd(kept, maxHeaderBytes);
    if (end > sizeBytes) throw truncated(end, sizeBytes);
    this.#pieces = [kept];
    this.#needed = end;
    if (kept.length < end) return undefined;
    const layout = readLayout(kept.subarray(0, end), sizeBytes);
    const header = await readHeader(layout);
    onHeader?.(header);
    this.#known = { layout, header };
    this.#pieces = [];
    return kept.subarray(end);
  }

  /** Floats must be finite; a float may lie across two pieces, and a piece may hold several tensors. */
  #checkData(data: Uint8Array): void {
    const spans = this.#known?.layout.spans ?? [];
    for (let from = 0; from < data.length; ) {
      while ((spans[this.#span]?.end ?? Number.POSITIVE_INFINITY) <= this.#at) this.#span++;
      const span = spans[this.#span];
      if (span === undefined) {
        const message = `artifact: expected ${this.#options.sizeBytes} bytes, got more.`;
        throw new LacunaError('artifact_corrupt', message);
      }
      const part = data.subarray(from, from + span.end - this.#at);
      if (span.dtype === 'F32') this.#checkFloats(span.name, part);
      from += part.length;
      this.#at += part.length;
    }
  }

  #checkFloats(name: string, part: Uint8Array): void {
    const bytes = joined([this.#rest, part]);
    const whole = bytes.length - (bytes.length % 4);
    this.#rest = bytes.slice(whole);
    checkFinite(name, new Float32Array(bytes.slice(0, whole).buffer));
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
