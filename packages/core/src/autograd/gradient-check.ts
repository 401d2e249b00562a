/** A function's gradient by the tape, and by central differences to compare it with. */
import type { Ops } from '../ops/ops.ts';
import type { TrainableOps } from '../ops/trainable-ops.ts';
import type { Shape, Tensor } from '../tensor/tensor.ts';
import { Tape } from './tape.ts';

/** Named inputs as host values. */
export type Inputs = Readonly<Record<string, { readonly shape: Shape; readonly values: ArrayLike<number> }>>;
/** A scalar of its inputs. */
export type ScalarFunction = (ops: Ops, inputs: Readonly<Record<string, Tensor>>) => Tensor;
/** Reads a tensor in the best precision that the backend has. */
type Read = (tensor: Tensor) => Promise<ArrayLike<number>>;

/** Value and gradients by the tape. `trained` names the inputs that are parameters, all by default; the rest are frozen. */
export async function tapeGradient(
  ops: TrainableOps,
  f: ScalarFunction,
  inputs: Inputs,
  read: Read = (tensor) => ops.read(tensor),
  trained: readonly string[] = Object.keys(inputs),
): Promise<{ value: number; gradients: Record<string, ArrayLike<number>> }> {
  const parameters: Record<string, Tensor> = {};
  const into = new Map<Tensor, Tensor>();
  const gradients: Record<string, Tensor> = {};
  for (const [name, { shape, values }] of Object.entries(inputs)) {
    const parameter = ops.persistent(shape, values);
    parameters[name] = parameter;
    if (!trained.includes(name)) continue;
    gradients[name] = ops.persistent(shape);
    into.set(parameter, gradients[name] as Tensor);
  }
  const value = await ops.scope(async () => {
    const tape = new Tape(ops, into);
    const y = f(tape, parameters);
    tape.backward(y);
    return (await read(y))[0] as number;
  });
  const reading = Object.entries(gradients).map(async ([name, tensor]) => [name, await read(tensor)] as const);
  return { value, gradients: Object.fromEntries(await Promise.all(reading)) };
}

/** Gradients by central differences, an element at a time: (f(x + h) − f(x − h))/2h. Needs a float64 backend. */
export async function numericGradient(
  ops: Ops,
  f: ScalarFunction,
  inputs: Inputs,
  read: Read,
  step = 1e-5,
): Promise<Record<string, Float64Array>> {
  const at = async (name: string, index: number, by: number): Promise<number> =>
    ops.scope(async () => {
      const tensors: Record<string, Tensor> = {};
      for (const [key, { shape, values }] of Object.entries(inputs)) {
        const moved = Float64Array.from(values);
        if (key === name) moved[index] = (moved[index] as number) + by;
        tensors[key] = ops.tensor(moved, shape);
      }
      return (await read(f(ops, tensors)))[0] as number;
    });
  const gradients: Record<string, Float64Array> = {};
  for (const [name, { values }] of Object.entries(inputs)) {
    const gradient = new Float64Array(values.length);
    for (let i = 0; i < values.length; i++) {
      gradient[i] = ((await at(name, i, step)) - (await at(name, i, -step))) / (2 * step);
    }
    gradients[name] = gradient;
  }
  return gradients;
}

/** The largest |a − b| over the largest |b| (at least `floor`): how far apart two gradients are. Infinite for a NaN. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>, floor = 1e-3): number {
  let most = floor;
  let apart = 0;
  for (let i = 0; i < b.length; i++) {
    most = Math.max(most, Math.abs(b[i] as number));
    const d = Math.abs((a[i] as number) - (b[i] as number));
    if (Number.isNaN(d)) return Number.POSITIVE_INFINITY;
    apart = Math.max(apart, d);
  }
  return a.length === b.length ? apart / most : Number.POSITIVE_INFINITY;
}
