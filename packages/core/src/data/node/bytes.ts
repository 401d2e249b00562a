/** A file's bytes as a stream, decompressed on the way: nothing is ever held whole. Node only. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LacunaError } from '../../errors.ts';
import { zstdBytes, zstdContentSize } from './zstd.ts';

const COMPRESSIONS = ['.gz', '.zst'] as const;
const CHUNK_BYTES = 1 << 18;
/** Text to a compressed byte, where the file does not say. */
const USUAL_RATIO = 3;

/** The file's name without the ending of its compression. */
export function innerName(path: string): string {
  const ending = COMPRESSIONS.find((end) => path.toLowerCase().endsWith(end));
  return ending ? path.slice(0, -ending.length) : path;
}

/** Decompressed chunks of a `.gz` or `.zst` file, or the chunks of any other. Throws `malformed_data`, `file_not_found`. */
export async function* fileBytes(path: string): AsyncGenerator<Buffer, void, void> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const ending = extname(path).toLowerCase();
  try {
    if (ending === '.gz')
      yield* pipeline(file, createGunzip({ chunkSize: CHUNK_BYTES }), () => {}) as AsyncIterable<Buffer>;
    else if (ending === '.zst') yield* zstdBytes(file, path, CHUNK_BYTES);
    else yield* file as AsyncIterable<Buffer>;
  } catch (cause) {
    throw readingError(path, cause);
  } finally {
    file.destroy();
  }
}

/** Size of the text in a file, without reading it: as its compression says, or guessed. Throws `file_not_found`. */
export async function textBytes(path: string): Promise<number> {
  let file: Awaited<ReturnType<typeof open>> | undefined;
  try {
    file = await open(path, 'r');
    const stat = await file.stat();
    if (!stat.isFile()) throw Object.assign(new Error('not a file'), { code: 'EISDIR' });
    const ending = extname(path).toLowerCase();
    if (ending !== '.gz' && ending !== '.zst') return stat.size;
    const head = new Uint8Array(18);
    await file.read(head, 0, head.length, 0);
    if (ending === '.zst') return zstdContentSize(head) ?? stat.size * USUAL_RATIO;
    const tail = new DataView(new ArrayBuffer(4));
    await file.read(tail, 0, 4, Math.max(0, stat.size - 4));
    // The trailer counts modulo 2³².
    const size = tail.getUint32(0, true);
    return size >= stat.size ? size : stat.size * USUAL_RATIO;
  } catch (cause) {
    throw readingError(path, cause);
  } finally {
    await file?.close();
  }
}

function readingError(path: string, cause: unknown): unknown {
  const { code = '', message = '' } = cause as { code?: string; message?: string };
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new LacunaError('file_not_found', `${path}: expected a file, got nothing there.`, { path }, { cause });
  }
  if (code === 'EISDIR') {
    return new LacunaError('file_not_found', `${path}: expected a file, got a folder.`, { path }, { cause });
  }
  if (code.startsWith('Z_') || code.startsWith('ZSTD_') || code === 'ERR_STREAM_PREMATURE_CLOSE') {
    const what = code === 'Z_BUF_ERROR' ? 'it ends too early' : message;
    return new LacunaError(
      'malformed_data',
      `${path}: expected a whole compressed file, got a broken one: ${what}. Was it copied or loaded in full?`,
      { path, reason: code },
      { cause },
    );
  }
  return cause;
}
