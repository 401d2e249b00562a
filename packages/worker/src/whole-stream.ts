/** A stream's bytes as a whole, up to a limit. */

/** Throws what `tooLong` gives as soon as there are more than `limit` bytes; the rest is not read. */
export async function wholeStream(
  stream: ReadableStream<Uint8Array>,
  limit: number,
  tooLong: () => Error,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const reader = stream.getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    size += step.value.length;
    if (size > limit) {
      reader.cancel().catch(() => {});
      throw tooLong();
    }
    // Bytes from outside are never in shared memory.
    pieces.push(step.value as Uint8Array<ArrayBuffer>);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
