/** Lines of a stream of bytes, split before they are decoded, so that passing over many of them is quick. Node only. */
import { isUtf8 } from 'node:buffer';
import { LacunaError } from '../../errors.ts';

/** Longer lines are cut, at a space where there is one: text needs no more context, and memory stays bounded. */
export const MAX_LINE_BYTES = 1 << 16;
const NEWLINE = 10;
const SPACE = 32;
const CARRIAGE_RETURN = 13;

export interface LineOptions {
  /** Lines to leave out at the beginning. */
  readonly skip?: number;
  /** Longest line in bytes. */
  readonly maxBytes?: number;
  /** What happens to longer ones. */
  readonly longer?: 'cut' | 'refuse';
}

/**
 * The lines of UTF-8 text, without their ends (`\n` or `\r\n`) and the byte-order mark.
 *
 * @throws `binary_text` for a byte 0 anywhere, or no valid UTF-8 in the first chunk; `malformed_data` for a long line.
 */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  name: string,
  { skip = 0, maxBytes = MAX_LINE_BYTES, longer = 'cut' }: LineOptions = {},
): AsyncGenerator<string, void, void> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 0;
  let first = true;
  for await (const chunk of chunks) {
    if (chunk.includes(0)) binary(name, 'a zero byte');
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    if (first) {
      first = false;
      if (!isUtf8(wholeCharacters(bytes))) binary(name, 'other bytes');
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
    }
    let at = 0;
    for (;;) {
      let end = bytes.indexOf(NEWLINE, at);
      let next = end + 1;
      if ((end < 0 ? bytes.length : end) - at > maxBytes) {
        if (longer === 'refuse') {
          throw new LacunaError(
            'malformed_data',
            `${name}: line ${line + 1}: expected at most ${maxBytes} bytes, got more.`,
            { file: name, line: line + 1, maxBytes },
          );
        }
        end = cutBefore(bytes, at, at + maxBytes);
        next = end;
      } else if (end < 0) break;
      if (line++ >= skip) yield textOf(bytes, at, end);
      at = next;
    }
    rest = bytes.subarray(at);
  }
  if (rest.length > 0 && line >= skip) yield textOf(rest, 0, rest.length);
}

function textOf(bytes: Buffer, from: number, to: number): string {
  return bytes.toString('utf8', from, to > from && bytes[to - 1] === CARRIAGE_RETURN ? to - 1 : to);
}

/** Just after the last space before `to`, else a character's beginning at most at `to`. */
function cutBefore(bytes: Buffer, from: number, to: number): number {
  const space = bytes.subarray(from, to).lastIndexOf(SPACE);
  if (space > 0) return from + space + 1;
  let cut = to;
  while (cut > from + 1 && ((bytes[cut] as number) & 0xc0) === 0x80) cut--;
  return cut;
}

/** Without a character that the chunk's end cuts in two. */
function wholeCharacters(bytes: Buffer): Buffer {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > back ? bytes.subarray(0, -back) : bytes;
  }
  return bytes;
}

function binary(name: string, got: string): never {
  throw new LacunaError('binary_text', `${name}: expected text in UTF-8, got ${got}. Is this the right file?`, {
    file: name,
  });
}
