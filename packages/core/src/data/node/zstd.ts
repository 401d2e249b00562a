/**
 * Decompresses Zstandard frame after frame. Node's decompressor ends after the first frame and takes a truncated one
 * for whole; so frames are found here by their block headers, without decoding. Source: RFC 8878, section 3.1. Node only.
 */
import { pipeline, Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { LacunaError } from '../../errors.ts';

const MAGIC = 0xfd2f_b528;
const SKIPPABLE_MAGIC = 0x184d_2a50;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;
const LONGEST_HEADER = 18;

/** The text of all frames in `chunks`. Throws `malformed_data`; the decompressor's own errors pass through. */
export async function* zstdBytes(
  chunks: AsyncIterable<Buffer>,
  name: string,
  chunkSize: number,
): AsyncGenerator<Buffer, void, void> {
  const source = chunks[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  let any = false;

  /** The compressed chunks up to the end of the frame that begins with `rest`. */
  async function* frame(): AsyncGenerator<Buffer, void, void> {
    const scanner = new FrameScanner(name);
    for (;;) {
      const end = scanner.scan(rest);
      if (end >= 0) {
        const last = rest.subarray(0, end);
        rest = rest.subarray(end);
        yield last;
        return;
      }
      if (rest.length > 0) yield rest;
      const { value, done } = await source.next();
      if (done) malformed(name, 'it ends too early');
      rest = value;
    }
  }

  for (;;) {
    while (rest.length === 0) {
      const { value, done } = await source.next();
      if (done && any) return;
      if (done) malformed(name, 'it is empty');
      rest = value;
    }
    any = true;
    yield* pipeline(Readable.from(frame(), { objectMode: false }), createZstdDecompress({ chunkSize }), () => {});
  }
}

/** Frame_Content_Size of the first frame, if its header has it. `head` holds the file's first bytes. */
export function zstdContentSize(head: Uint8Array): number | undefined {
  const padded = new Uint8Array(LONGEST_HEADER);
  padded.set(head.subarray(0, LONGEST_HEADER));
  const view = new DataView(padded.buffer);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const { contentSizeAt, contentSizeBytes } = headerLayout(view.getUint8(4));
  switch (contentSizeBytes) {
    case 0:
      return undefined;
    case 1:
      return view.getUint8(contentSizeAt);
    case 2:
      return view.getUint16(contentSizeAt, true) + 256;
    case 4:
      return view.getUint32(contentSizeAt, true);
    default:
      return Number(view.getBigUint64(contentSizeAt, true));
  }
}

function headerLayout(descriptor: number) {
  const singleSegment = (descriptor >> 5) & 1;
  const contentSizeAt = 5 + (1 - singleSegment) + (DICTIONARY_BYTES[descriptor & 3] as number);
  const flag = descriptor >> 6;
  const contentSizeBytes = flag === 0 ? singleSegment : (CONTENT_SIZE_BYTES[flag] as number);
  return { contentSizeAt, contentSizeBytes, headerBytes: contentSizeAt + contentSizeBytes };
}

/** Follows one frame from block to block. */
class FrameScanner {
  readonly #name: string;
  readonly #head: number[] = [];
  #part: 'magic' | 'header' | 'block' | 'skippable' = 'magic';
  /** Bytes of `#head` that the part needs. */
  #need = 5;
  /** Bytes to pass over before the next header. */
  #skip = 0;
  #isLast = false;
  #checksumBytes = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Where in `chunk` the frame ends, or −1 if it goes on. Throws `malformed_data`. */
  scan(chunk: Uint8Array): number {
    let at = 0;
    while (at < chunk.length || (this.#isLast && this.#skip === 0)) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - at);
        this.#skip -= passed;
        at += passed;
      } else if (this.#isLast) return at;
      else {
        this.#head.push(chunk[at++] as number);
        if (this.#head.length === this.#need) this.#read();
      }
    }
    return -1;
  }

  #read(): void {
    const head = this.#head;
    const u32 = (from: number): number =>
      ((head[from] as number) |
        ((head[from + 1] as number) << 8) |
        ((head[from + 2] as number) << 16) |
        ((head[from + 3] as number) << 24)) >>>
      0;
    if (this.#part === 'magic') {
      const magic = u32(0);
      if (magic === MAGIC) {
        const descriptor = head[4] as number;
        this.#checksumBytes = descriptor & 4;
        this.#need = headerLayout(descriptor).headerBytes;
        this.#part = 'header';
      } else if ((magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC) {
        this.#need = 8;
        this.#part = 'skippable';
      } else malformed(this.#name, 'no Zstandard frame begins where one should');
      return;
    }
    if (this.#part === 'skippable') {
      this.#skip = u32(4);
      this.#isLast = true;
    } else if (this.#part === 'block') {
      const header = (head[0] as number) | ((head[1] as number) << 8) | ((head[2] as number) << 16);
      const kind = (header >> 1) & 3;
      if (kind === 3) malformed(this.#name, 'a block of no known kind');
      this.#isLast = (header & 1) === 1;
      // A run-length block holds its size's worth of one byte.
      this.#skip = (kind === 1 ? 1 : header >> 3) + (this.#isLast ? this.#checksumBytes : 0);
    }
    head.length = 0;
    this.#need = 3;
    this.#part = 'block';
  }
}

function malformed(name: string, reason: string): never {
  throw new LacunaError(
    'malformed_data',
    `${name}: expected a whole compressed file, got a broken one: ${reason}. Was it copied or loaded in full?`,
    { file: name, reason },
  );
}
