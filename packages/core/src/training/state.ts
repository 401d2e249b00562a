/** Everything a run needs to go on with the same bits: what a checkpoint holds, before it becomes bytes. */

import { LacunaError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import { type HeadConfig, initialParameters, parameterShapes } from '../model/parameters.ts';
import type { Progress } from '../optim/schedule.ts';
import { Random } from '../random/random.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import type { ReplicaState } from './lane.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface TrainingState extends Progress, ReplicaState {
  /** Where the data stands: positions and generators, as its source wrote them. */
  readonly data: Json;
  /** A resumed run gives the same bits only with as many lanes. */
  readonly lanes: number;
}

/** Streams of random numbers under a run's seed. */
export const STREAMS = { parameters: 1, windows: 2, masking: 3, heldOut: 4, shuffling: 5, variants: 6 } as const;

/** Fresh weights under a seed, moments at zero. `initial` replaces the values of the parameters it names. */
export function freshReplica(
  config: ModelConfig,
  seed: number,
  head?: HeadConfig,
  initial: Readonly<Record<string, Float32Array>> = {},
): ReplicaState {
  const shapes = parameterShapes(config, head);
  const values = { ...initialParameters(config, new Random(seed, STREAMS.parameters), head) };
  for (const name of Object.keys(values)) {
    const given = initial[name];
    if (given) values[name] = given;
  }
  const parameters = flatten(values, shapes);
  return {
    parameters,
    m: new Float32Array(parameters.length),
    v: new Float32Array(parameters.length),
    ema: parameters.slice(),
  };
}

/** Named arrays in one flat buffer, in the shapes' order. Throws `checkpoint_mismatch` where one lacks or is of another size. */
export function flatten(
  values: Readonly<Record<string, Float32Array>>,
  shapes: Readonly<Record<string, Shape>>,
): Float32Array {
  const arrays = Object.entries(shapes).map(([name, shape]) => {
    const array = values[name];
    const size = sizeOf(shape);
    if (array?.length !== size) {
      throw new LacunaError(
        'checkpoint_mismatch',
        `state: "${name}" must hold ${size} values, got ${array?.length ?? 'none'}. Is the checkpoint of this config?`,
        { name, expected: size, got: array?.length },
      );
    }
    return array;
  });
  // Only now: sizes that a file claims, and does not hold, may be more than there is memory for.
  const flat = new Float32Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    flat.set(array, at);
    at += array.length;
  }
  return flat;
}

/** Views of a flat buffer by name. */
export function unflatten(flat: Float32Array, shapes: Readonly<Record<string, Shape>>): Record<string, Float32Array> {
  const values: Record<string, Float32Array> = {};
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    values[name] = flat.subarray(at, at + sizeOf(shape));
    at += sizeOf(shape);
  }
  return values;
}
