/** A file's bytes as a stream, decompressed on the way: nothing is ever held whole. Node only. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LacunaError } from '../../errors.ts';
import { zstdBytes, zstdTextSize } from './zstd.ts';

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

/**
 * Size of the text in a file, without decompressing it: as its compression says, or guessed.
 * Throws `file_not_found`, also for what is no file, and `read_failed`.
 */
export async function textBytes(path: string): Promise<number> {
  let file: FileHandle | undefined;
  try {
    // Before it is opened: a pipe's other end may never be.
    const info = await stat(path);
    if (info.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    if (!info.isFile()) throw notFound(path, 'a pipe or a device. Text is read more than once: save it in a file');
    const ending = extname(path).toLowerCase();
    if (ending !== '.gz' && ending !== '.zst') return info.size;
    const opened = await open(path, 'r');
    file = opened;
    const read = async (at: number, length: number) => {
      const { bytesRead, buffer } = await opened.read(new Uint8Array(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    };
    const size = ending === '.zst' ? await zstdTextSize(read, info.size) : await gzipTextSize(read, info.size);
    return size ?? info.size * USUAL_RATIO;
  } catch (cause) {
    throw readingError(path, cause);
  } finally {
    await file?.close();
  }
}

/** The trailer counts modulo 2³² and the last member only: a size below the file's says nothing. */
async function gzipTextSize(
  read: (at: number, length: number) => Promise<Uint8Array>,
  fileSize: number,
): Promise<number | undefined> {
  const tail = new Uint8Array(4);
  tail.set(await read(Math.max(0, fileSize - 4), 4));
  const size = new DataView(tail.buffer).getUint32(0, true);
  return size >= fileSize ? size : undefined;
}

function notFound(path: string, got: string, cause?: unknown): LacunaError {
  return new LacunaError('file_not_found', `${path}: expected a file, got ${got}.`, { path }, { cause });
}

function readingError(path: string, cause: unknown): unknown {
  const { code = '', message = '' } = cause as { code?: string; message?: string };
  if (cause instanceof LacunaError) return cause;
  if (code === 'ENOENT' || code === 'ENOTDIR') return notFound(path, 'nothing there', cause);
  if (code === 'EISDIR') return notFound(path, 'a folder', cause);
  if (code === 'EACCES' || code === 'EPERM' || code === 'EIO') {
    return new LacunaError('read_failed', `${path}: cannot be read: ${message}.`, { path }, { cause });
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
