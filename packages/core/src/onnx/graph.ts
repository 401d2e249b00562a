/** A graph as it grows: nodes in the order in which they run, and the tensors that are known before. */
import type { Shape } from '../tensor/tensor.ts';
import { type Attribute, graphProto, nodeProto, tensorProto, type ValueInfo } from './messages.ts';
import type { Encoded } from './protobuf.ts';

/** The name of a tensor in the graph: what one node makes and others take. */
export type Value = string;

export type Attributes = Readonly<Record<string, Attribute>>;

export class OnnxGraph {
  readonly #nodes: Encoded[] = [];
  readonly #tensors = new Map<Value, Encoded>();
  readonly #inputs: ValueInfo[] = [];
  readonly #outputs: ValueInfo[] = [];

  input(info: ValueInfo): Value {
    this.#inputs.push(info);
    return info.name;
  }

  /** Gives `value` to the caller under the name of `info`. */
  output(info: ValueInfo, value: Value): void {
    this.#outputs.push(info);
    this.#nodes.push(nodeProto('Identity', [value], [info.name], {}));
  }

  /** An operator with one result. */
  node(operator: string, inputs: readonly Value[], attributes: Attributes = {}): Value {
    const name = `${operator}_${this.#nodes.length}`;
    this.#nodes.push(nodeProto(operator, inputs, [name], attributes));
    return name;
  }

  /** Two parts of `x` along an axis: halves, or of the sizes given. */
  split(x: Value, axis: number, sizes?: readonly [number, number]): [Value, Value] {
    const name = `Split_${this.#nodes.length}`;
    const parts: [Value, Value] = [`${name}_0`, `${name}_1`];
    this.#nodes.push(nodeProto('Split', sizes ? [x, this.integers(sizes)] : [x], parts, { axis }));
    return parts;
  }

  /** A float32 tensor. The same name again is the same tensor: its values are not asked for twice. */
  tensor(name: Value, shape: Shape, values: () => Float32Array): Value {
    if (!this.#tensors.has(name)) this.#tensors.set(name, tensorProto(name, shape, values()));
    return name;
  }

  /** A float32 scalar. */
  float(value: number): Value {
    return this.tensor(`float_${value}`, [], () => Float32Array.of(value));
  }

  /** An int64 vector, or of a number a scalar: axes, sizes, indices. */
  integers(values: number | readonly number[]): Value {
    const [name, list, shape] =
      typeof values === 'number'
        ? [`int_${values}`, [values], []]
        : [`ints_${values.join('_')}`, values, [values.length]];
    if (!this.#tensors.has(name)) this.#tensors.set(name, tensorProto(name, shape, BigInt64Array.from(list, BigInt)));
    return name;
  }

  /** The graph as a GraphProto. */
  encoded(name: string): Encoded {
    return graphProto({
      name,
      nodes: this.#nodes,
      tensors: [...this.#tensors.values()],
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }
}
