/** The messages of an ONNX file that Lacuna writes, with the field numbers of `onnx.proto` (onnx/onnx, IR version 8). */
import type { Shape } from '../tensor/tensor.ts';
import { bytes, type Encoded, integer, message, nested, text } from './protobuf.ts';

/** Of `TensorProto.DataType`. */
export const DATA_TYPES = { float: 1, int64: 7 } as const;
export type DataType = keyof typeof DATA_TYPES;

/** A whole number or a list of them. */
export type Attribute = number | readonly number[];

/** Of `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { int: 2, ints: 7 } as const;

/** An input or output: a size by its number, or by its name where it is not known before the run. */
export interface ValueInfo {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
  readonly about: string;
}

export interface ModelInfo {
  readonly graph: Encoded;
  readonly irVersion: number;
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
}

/** ModelProto */
export function modelProto({ graph, irVersion, opset, metadata }: ModelInfo): Encoded {
  return message(
    integer(1, irVersion),
    text(2, 'lacuna'),
    nested(7, graph),
    nested(8, message(text(1, ''), integer(2, opset))),
    ...Object.entries(metadata).map(([name, value]) => nested(14, message(text(1, name), text(2, value)))),
  );
}

export interface GraphInfo {
  readonly name: string;
  readonly nodes: readonly Encoded[];
  readonly tensors: readonly Encoded[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** GraphProto */
export function graphProto({ name, nodes, tensors, inputs, outputs }: GraphInfo): Encoded {
  return message(
    ...nodes.map((node) => nested(1, node)),
    text(2, name),
    ...tensors.map((tensor) => nested(5, tensor)),
    ...inputs.map((input) => nested(11, valueInfoProto(input))),
    ...outputs.map((output) => nested(12, valueInfoProto(output))),
  );
}

/** NodeProto: one operator at work. */
export function nodeProto(
  operator: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>>,
): Encoded {
  return message(
    ...inputs.map((input) => text(1, input)),
    ...outputs.map((output) => text(2, output)),
    text(3, outputs[0] as string),
    text(4, operator),
    ...Object.entries(attributes).map(([name, value]) => nested(5, attributeProto(name, value))),
  );
}

/** AttributeProto */
function attributeProto(name: string, value: Attribute): Encoded {
  if (typeof value === 'number') return message(text(1, name), integer(3, value), integer(20, ATTRIBUTE_TYPES.int));
  return message(text(1, name), ...value.map((item) => integer(8, item)), integer(20, ATTRIBUTE_TYPES.ints));
}

/** TensorProto: values known before the run. Little-endian hosts, as WebAssembly is. */
export function tensorProto(name: string, shape: Shape, values: Float32Array | BigInt64Array): Encoded {
  return message(
    ...shape.map((size) => integer(1, size)),
    integer(2, values instanceof Float32Array ? DATA_TYPES.float : DATA_TYPES.int64),
    text(8, name),
    bytes(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
}

/** ValueInfoProto */
function valueInfoProto({ name, type, shape, about }: ValueInfo): Encoded {
  const sizes = shape.map((size) => nested(1, typeof size === 'number' ? integer(1, size) : text(2, size)));
  const tensor = message(integer(1, DATA_TYPES[type]), nested(2, message(...sizes)));
  return message(text(1, name), nested(2, nested(1, tensor)), text(3, about));
}
