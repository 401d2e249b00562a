import { expect, it } from 'vitest';
import { bytes, bytesOf, type Encoded, integer, message, nested, text } from './protobuf.ts';

const hex = (encoded: Encoded) => Buffer.from(bytesOf(encoded)).toString('hex');

// The first three are the examples of protobuf.dev, "Encoding".
it.each([
  ['a whole number', integer(1, 150), '089601'],
  ['a string', text(2, 'testing'), '120774657374696e67'],
  ['a message in a message', nested(3, integer(1, 150)), '1a03089601'],
  ['zero', integer(1, 0), '0800'],
  ['a negative number, in ten bytes', integer(1, -2), '08feffffffffffffffff01'],
  ['a number beyond 32 bits', integer(1, 2 ** 40), '08808080808020'],
  ['a field number beyond 15', integer(20, 7), 'a00107'],
  ['bytes', bytes(9, Uint8Array.of(0, 255)), '4a0200ff'],
  ['more than 127 bytes', bytes(9, new Uint8Array(300)), `4aac02${'00'.repeat(300)}`],
  ['letters beyond ASCII, by their bytes', text(1, 'ü'), '0a02c3bc'],
  ['nothing', message(), ''],
  ['fields in the order given', message(integer(2, 1), nested(1, message()), integer(1, 2)), '10010a000802'],
])('%s is written as the format has it', (_what, encoded, expected) => {
  expect(hex(encoded)).toBe(expected);
  expect(encoded.size).toBe(expected.length / 2);
});
