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

/**
 * Size of the text in all frames of a file, or undefined unless each header has it and the file is whole. Goes from header to header, of blocks
 * too, without decoding; `read` gives the bytes at a place, fewer at the file's end.
 */
export async function zstdTextSize(
  read: (at: number, length: number) => Promise<Uint8Array>,
  fileSize: number,
): Promise<number | undefined> {
  let total = 0;
  let at = 0;
  while (at < fileSize) {
    const head = new Uint8Array(LONGEST_HEADER);
    head.set(await read(at, LONGEST_HEADER));
    const view = new DataView(head.buffer);
    const magic = view.getUint32(0, true);
    if (isSkippable(magic)) {
      at += 8 + view.getUint32(4, true);
      continue;
    }
    const size = magic === MAGIC ? contentSize(view) : undefined;
    if (size === undefined) return undefined;
    total += size;
    const descriptor = view.getUint8(4);
    at += headerLayout(descriptor).headerBytes;
    for (let isLast = false; !isLast; ) {
      const bytes = await read(at, 3);
      const block = blockOf(bytes);
      if (bytes.length < 3 || block === undefined) return undefined;
      isLast = block.isLast;
      at += 3 + block.size;
    }
    at += checksumBytes(descriptor);
  }
  return at === fileSize ? total : undefined;
}

/** Frame_Content_Size, if the header has it. */
function contentSize(header: DataView): number | undefined {
  const { contentSizeAt, contentSizeBytes } = headerLayout(header.getUint8(4));
  switch (contentSizeBytes) {
    case 0:
      return undefined;
    case 1:
      return header.getUint8(contentSizeAt);
    case 2:
      return header.getUint16(contentSizeAt, true) + 256;
    case 4:
      return header.getUint32(contentSizeAt, true);
    default:
      return Number(header.getBigUint64(contentSizeAt, true));
  }
}

function isSkippable(magic: number): boolean {
  return (magic & 0xffff_fff0) >>> 0 === SKIPPABLE_MAGIC;
}

function checksumBytes(descriptor: number): number {
  return descriptor & 4;
}

/** What a block's three bytes say, or undefined for a block of no known kind. */
function blockOf(head: ArrayLike<number>): { isLast: boolean; size: number } | undefined {
  const header = (head[0] as number) | ((head[1] as number) << 8) | ((head[2] as number) << 16);
  const kind = (header >> 1) & 3;
  // A run-length block holds its size's worth of one byte.
  return kind === 3 ? undefined : { isLast: (header & 1) === 1, size: kind === 1 ? 1 : header >> 3 };
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
        this.#checksumBytes = checksumBytes(descriptor);
        this.#need = headerLayout(descriptor).headerBytes;
        this.#part = 'header';
      } else if (isSkippable(magic)) {
        this.#need = 8;
        this.#part = 'skippable';
      } else malformed(this.#name, 'no Zstandard frame begins where one should');
      return;
    }
    if (this.#part === 'skippable') {
      this.#skip = u32(4);
      this.#isLast = true;
    } else if (this.#part === 'block') {
      const block = blockOf(head) ?? malformed(this.#name, 'a block of no known kind');
      this.#isLast = block.isLast;
      this.#skip = block.size + (block.isLast ? this.#checksumBytes : 0);
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
