/** Lines of text in a browser: bytes are decompressed and decoded as they stream by. */
import { LacunaError } from '@lacuna/core/errors';

/** Longer lines are cut at a space: text needs no more context, and memory stays bounded. */
const MAX_LINE = 1 << 16;

/** A file's bytes as they come. */
export function chunksOf(blob: Blob): AsyncIterable<Uint8Array> {
  return blob.stream() as unknown as AsyncIterable<Uint8Array>;
}

/** The chunks decompressed, where the name says that they are compressed. Throws `malformed_data`, `unsupported_format`. */
export async function* decompressed(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Uint8Array, void, void> {
  if (/\.zst$/i.test(name)) {
    throw new LacunaError(
      'unsupported_format',
      `${name}: expected plain or .gz text, got .zst. Browsers cannot read it.`,
      {
        file: name,
      },
    );
  }
  if (!/\.gz$/i.test(name)) {
    yield* chunks;
    return;
  }
  const gunzip = new DecompressionStream('gzip');
  const written = write(gunzip.writable as WritableStream<Uint8Array>, chunks);
  written.catch(() => {}); // comes out at the other end as well
  try {
    yield* gunzip.readable as AsyncIterable<Uint8Array>;
    await written;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new LacunaError(
      'malformed_data',
      `${name}: expected a whole .gz file, got a broken one. Was it loaded in full?`,
      { file: name },
      { cause },
    );
  }
}

async function write(stream: WritableStream<Uint8Array>, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const writer = stream.getWriter();
  for await (const chunk of chunks) await writer.write(chunk);
  await writer.close();
}

/** The lines of UTF-8 text after the first `skip`, without their ends. Throws `binary_text`. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  skip = 0,
): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let rest = '';
  let line = 0;
  const decode = (bytes?: Uint8Array) => {
    try {
      const text = bytes ? decoder.decode(bytes as Uint8Array<ArrayBuffer>, { stream: true }) : decoder.decode();
      if (!text.includes('\0')) return text;
    } catch {}
    throw new LacunaError('binary_text', `${name}: expected text in UTF-8, got other bytes. Is this the right file?`, {
      file: name,
    });
  };
  for await (const chunk of chunks) {
    const text = rest + decode(chunk);
    let at = 0;
    for (;;) {
      const newline = text.indexOf('\n', at);
      const isLong = (newline < 0 ? text.length : newline) - at > MAX_LINE;
      if (newline < 0 && !isLong) break;
      const space = isLong ? text.lastIndexOf(' ', at + MAX_LINE) : -1;
      const end = isLong ? (space > at ? space + 1 : at + MAX_LINE) : newline;
      if (line++ >= skip) yield withoutReturn(text.slice(at, end));
      at = isLong ? end : end + 1;
    }
    rest = text.slice(at);
  }
  rest += decode();
  if (rest.length > 0 && line >= skip) yield withoutReturn(rest);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
