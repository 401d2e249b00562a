/** The opaque tensor handle. Only the backend that made a tensor looks inside it. */
import { LacunaError } from '../errors.ts';

export type DType = 'float32' | 'int32' | 'int8';
export type Shape = readonly number[];

/**
 * A dense row-major tensor that lives in a backend. `int8` tensors are quantised weights with one scale a row,
 * which `linear`, `embedding` and the vocabulary ops accept in place of a float weight.
 */
export interface Tensor {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** Named tensors: a model's state dict. */
export type Params = Readonly<Record<string, Tensor>>;

/** The product of the dimensions; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const dim of shape) size *= dim;
  return size;
}

/** The product of all dimensions but the last: how many rows a tensor has. */
export function rowsOf(shape: Shape): number {
  return sizeOf(shape.slice(0, -1));
}

/** The last dimension; 1 for a scalar. */
export function widthOf(shape: Shape): number {
  return shape[shape.length - 1] ?? 1;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** `(2, 3)` */
export function formatShape(shape: Shape): string {
  return `(${shape.join(', ')})`;
}

/** Throws `shape_mismatch` unless `tensor` has exactly `expected`; −1 matches any size. */
export function expectShape(where: string, name: string, actual: Shape, expected: Shape, help = ''): void {
  const fits = actual.length === expected.length && expected.every((dim, i) => dim === -1 || dim === actual[i]);
  if (fits) return;
  throw new LacunaError(
    'shape_mismatch',
    `${where}: ${name} must be ${formatShape(expected)}, got ${formatShape(actual)}.${help ? ` ${help}` : ''}`,
    { where, name, expected, actual },
  );
}
