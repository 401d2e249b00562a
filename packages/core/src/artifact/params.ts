/** An artifact's weights on a backend. */
import type { Ops } from '../ops/ops.ts';
import type { Params, Tensor } from '../tensor/tensor.ts';
import type { Artifact } from './artifact.ts';

/** Copies the weights there, int8 ones as int8. They never die. */
export function artifactParams(ops: Ops, artifact: Artifact): Params {
  const params: Record<string, Tensor> = {};
  for (const [name, weight] of Object.entries(artifact.weights)) {
    params[name] =
      weight.kind === 'int8'
        ? ops.quantizedTensor(weight.values, weight.scales, weight.shape)
        : ops.persistent(weight.shape, weight.values);
  }
  return params;
}
