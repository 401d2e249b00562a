/**
 * Protocol Buffers' wire format, as much of it as a writer of ONNX needs. A message is kept as its pieces until the end,
 * so that weights are copied once, into the file, however deep they are nested.
 *
 *     field = key (number · 8 + wire type) │ varint, or length and bytes        varint: 7 bits a byte, low first
 *
 * Source: protobuf.dev, "Encoding".
 */

/** A message, or fields of one: its bytes in pieces. */
export interface Encoded {
  readonly size: number;
  readonly pieces: readonly Uint8Array[];
}

const WIRE = { varint: 0, bytes: 2 } as const;

/** An `int64`, `int32` or `enum` field. */
export function integer(field: number, value: number): Encoded {
  return piece([...key(field, WIRE.varint), ...varint(BigInt(value))]);
}

/** A `bytes` field. Not copied: leave them as they are until `bytesOf`. */
export function bytes(field: number, value: Uint8Array): Encoded {
  return message(piece([...key(field, WIRE.bytes), ...varint(BigInt(value.length))]), {
    size: value.length,
    pieces: [value],
  });
}

/** A `string` field. */
export function text(field: number, value: string): Encoded {
  return bytes(field, new TextEncoder().encode(value));
}

/** A field that is a message of its own. */
export function nested(field: number, inner: Encoded): Encoded {
  return message(piece([...key(field, WIRE.bytes), ...varint(BigInt(inner.size))]), inner);
}

/** Fields one after the other: a message. */
export function message(...fields: readonly Encoded[]): Encoded {
  return { size: fields.reduce((sum, { size }) => sum + size, 0), pieces: fields.flatMap(({ pieces }) => pieces) };
}

export function bytesOf({ size, pieces }: Encoded): Uint8Array {
  const joined = new Uint8Array(size);
  let at = 0;
  for (const part of pieces) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

const piece = (values: readonly number[]): Encoded => ({ size: values.length, pieces: [Uint8Array.from(values)] });
const key = (field: number, wire: number) => varint(BigInt(field * 8 + wire));

/** Negative numbers take ten bytes: they are written as unsigned numbers of 64 bits. */
function varint(value: bigint): number[] {
  const written: number[] = [];
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    written.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  written.push(Number(rest));
  return written;
}
