/** The vocabulary loss of a chunk of rows and its gradient with respect to their logits. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Gpu } from './gpu.ts';
import { BITMAP, LOG_SUM, type Logits, REST, ROW, SEGMENT, WORKGROUP } from './logits.ts';
import { FLAT_GROUP, float, int, runProgram, type Uniforms } from './program.ts';
import { reductions } from './reduce.ts';

/** The chunk's part of a loss's targets. */
export interface ChunkTargets {
  /** int32 (rows); below 0 is ignored. */
  readonly labels: TensorInfo;
  readonly hardWeight: number;
  readonly zLoss: number;
  /** 1 over the number of labelled rows in the whole batch. */
  readonly share: number;
  readonly soft?:
    | {
        /** The whole batch's, (N, K) and (N, K + 1), and the chunk's first row in them. */
        readonly indices: TensorInfo;
        readonly probabilities: TensorInfo;
        readonly first: number;
        readonly K: number;
        readonly temperature: number;
        readonly weight: number;
      }
    | undefined;
}

function uniformsOf({ rows, V }: Logits, { hardWeight, zLoss, share, soft }: ChunkTargets): Uniforms {
  return {
    rows: int(rows),
    V: int(V),
    hardWeight: float(hardWeight),
    zLoss: float(zLoss),
    share: float(share),
    ...(soft
      ? { K: int(soft.K), first: int(soft.first), temperature: float(soft.temperature), softWeight: float(soft.weight) }
      : {}),
  };
}

const softInputs = ({ soft }: ChunkTargets): Readonly<Record<string, TensorInfo>> =>
  soft ? { indices: soft.indices, probabilities: soft.probabilities } : {};

/** For every row its log-sum-exp, that at the temperature, the student's rest, and its share of the loss: (rows, 4). */
export function rowStatistics(gpu: Gpu, chunk: Logits, targets: ChunkTargets): TensorInfo {
  const soft = targets.soft !== undefined;
  return runProgram(
    gpu,
    {
      key: `vocabulary statistics ${soft}`,
      inputs: { logits: chunk.logits, labels: targets.labels, ...softInputs(targets) },
      uniforms: uniformsOf(chunk, targets),
      workgroups: [chunk.rows],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${reductions(WORKGROUP, gpu.subgroupSize)}
${FLAT_GROUP}
${LOG_SUM}
${soft ? BITMAP + REST : ''}
fn main(index : i32) {
  ${ROW}
  let lse = logSum(at, 1.0);
  let label = labels[row];
  var loss = uniforms.hardWeight * (lse - logits[at + max(label, 0)]) + uniforms.zLoss * lse * lse;
  ${
    soft
      ? `let factor = 1.0 / uniforms.temperature;
  let soft = logSum(at, factor);
  let chosenAt = (uniforms.first + row) * uniforms.K;
  let targetAt = (uniforms.first + row) * (uniforms.K + 1);
  let rest = max(restOf(at, chosenAt, factor, soft), 1e-30);
  var divergence = 0.0;
  for (var k = local; k < uniforms.K; k += ${WORKGROUP}) {
    let t = probabilities[targetAt + k];
    if (t > 0.0) { divergence += t * (log(t) - (logits[at + indices[chosenAt + k]] * factor - soft)); }
  }
  divergence = sumAll(divergence);
  let restTarget = probabilities[targetAt + uniforms.K];
  if (restTarget > 0.0) { divergence += restTarget * (log(restTarget) - log(rest)); }
  loss += uniforms.softWeight * uniforms.temperature * uniforms.temperature * divergence;`
      : 'let soft = lse; let rest = 0.0;'
  }
  if (group < uniforms.rows && localIndex == 0u) {
    result[4 * row] = lse;
    result[4 * row + 1] = soft;
    result[4 * row + 2] = rest;
    result[4 * row + 3] = select(0.0, loss * uniforms.share, label >= 0);
  }
}`,
    },
    { size: chunk.rows * 4 },
  );
}

/**
 * ∂loss/∂logits over the chunk, (rows, V), without the factor `share`. With `halves` it comes as pairs of 16-bit floats
 * in int32 words, for which V must be even; else it takes the logits' place.
 */
export function logitsGradient(
  gpu: Gpu,
  chunk: Logits,
  targets: ChunkTargets,
  statistics: TensorInfo,
  halves: boolean,
): TensorInfo {
  const soft = targets.soft !== undefined;
  const { logits, rows, V } = chunk;
  const source = halves ? 'logits' : 'result';
  return runProgram(
    gpu,
    {
      key: `vocabulary gradient ${soft} ${halves}`,
      inputs: { ...(halves ? { logits } : {}), labels: targets.labels, statistics, ...softInputs(targets) },
      uniforms: uniformsOf(chunk, targets),
      workgroups: [rows],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${FLAT_GROUP}
${soft ? BITMAP : ''}
fn gradient(at : i32, row : i32, v : i32, first : i32) -> f32 {
  let logit = ${source}[at + v];
  let lse = statistics[4 * row];
  var g = exp(logit - lse) * (uniforms.hardWeight + 2.0 * uniforms.zLoss * lse);
  if (labels[row] == v) { g -= uniforms.hardWeight; }
  ${
    soft
      ? `let student = exp(logit / uniforms.temperature - statistics[4 * row + 1]);
  let targetAt = (uniforms.first + row) * (uniforms.K + 1);
  var expected = student * probabilities[targetAt + uniforms.K] / statistics[4 * row + 2];
  if (marked(v - first)) {
    for (var k = 0; k < uniforms.K; k++) {
      if (indices[(uniforms.first + row) * uniforms.K + k] == v) { expected = probabilities[targetAt + k]; }
    }
  }
  g += uniforms.softWeight * uniforms.temperature * (student - expected);`
      : ''
  }
  return select(0.0, g, labels[row] >= 0);
}
fn main(index : i32) {
  ${ROW}
  for (var first = 0; first < uniforms.V; first += ${SEGMENT}) {
    ${soft ? 'mark((uniforms.first + row) * uniforms.K, first);' : ''}
    let end = min(uniforms.V, first + ${SEGMENT});
    if (group < uniforms.rows) {
      ${
        halves
          ? `for (var v = first + 2 * local; v < end; v += ${2 * WORKGROUP}) {
        let pair = vec2<f32>(gradient(at, row, v, first), gradient(at, row, v + 1, first));
        result[(at + v) >> 1u] = bitcast<i32>(pack2x16float(pair));
      }`
          : `for (var v = first + local; v < end; v += ${WORKGROUP}) { result[at + v] = gradient(at, row, v, first); }`
      }
    }
    ${soft ? 'workgroupBarrier();' : ''}
  }
}`,
    },
    halves ? { size: (rows * V) / 2, dtype: 'int32' } : { into: logits },
  );
}
