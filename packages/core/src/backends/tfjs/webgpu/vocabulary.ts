/**
 * The vocabulary projection with what follows it, over chunks of rows so that a batch's logits are never all alive.
 * A workgroup takes a row of logits.
 *
 * Which pieces a teacher chose is a bitmap in workgroup memory, made for one segment of the vocabulary after the other.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Gpu } from './gpu.ts';
import { FLAT_GROUP, float, int, runProgram, type Uniforms } from './program.ts';
import { reductions } from './reduce.ts';

const WORKGROUP = 128;

/** Pieces in one bitmap (4 kB). */
const SEGMENT = 32_768;

/** A chunk's logits (rows, V). */
export interface Logits {
  readonly logits: TensorInfo;
  readonly rows: number;
  readonly V: number;
}

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

const rowOf = /* wgsl */ `
  let group = flatGroup();
  let row = min(group, uniforms.rows - 1);
  let at = row * uniforms.V;
  let local = i32(localIndex);
`;

/** `logSum(at, factor)`: log Σ exp(factor · logit) of the row at `at`. */
const LOG_SUM = /* wgsl */ `
fn logSum(at : i32, factor : f32) -> f32 {
  var most = -3.0e38;
  for (var v = i32(localIndex); v < uniforms.V; v += ${WORKGROUP}) { most = max(most, logits[at + v] * factor); }
  most = maxAll(most);
  var total = 0.0;
  for (var v = i32(localIndex); v < uniforms.V; v += ${WORKGROUP}) { total += exp(logits[at + v] * factor - most); }
  return most + log(sumAll(total));
}
`;

/** `mark(…)` sets the bits of a segment's chosen pieces; `marked(v)` asks. `chosen` is the flat list of indices. */
const BITMAP = /* wgsl */ `
var<workgroup> bits : array<atomic<u32>, ${SEGMENT / 32}>;
fn mark(chosenAt : i32, first : i32) {
  for (var i = i32(localIndex); i < ${SEGMENT / 32}; i += ${WORKGROUP}) { atomicStore(&bits[i], 0u); }
  workgroupBarrier();
  for (var k = i32(localIndex); k < uniforms.K; k += ${WORKGROUP}) {
    let v = indices[chosenAt + k] - first;
    if (v >= 0 && v < ${SEGMENT}) { atomicOr(&bits[v >> 5u], 1u << (u32(v) & 31u)); }
  }
  workgroupBarrier();
}
fn marked(v : i32) -> bool {
  return (atomicLoad(&bits[v >> 5u]) & (1u << (u32(v) & 31u))) != 0u;
}
`;

/** `restOf(…)`: Σ exp(factor · logit − lse) over the pieces that were not chosen. */
const REST = /* wgsl */ `
fn restOf(at : i32, chosenAt : i32, factor : f32, lse : f32) -> f32 {
  var rest = 0.0;
  for (var first = 0; first < uniforms.V; first += ${SEGMENT}) {
    mark(chosenAt, first);
    for (var v = first + i32(localIndex); v < min(uniforms.V, first + ${SEGMENT}); v += ${WORKGROUP}) {
      if (!marked(v - first)) { rest += exp(logits[at + v] * factor - lse); }
    }
    workgroupBarrier();
  }
  return sumAll(rest);
}
`;

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
  ${rowOf}
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
  ${rowOf}
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

/** Rank of every row's label and its cross-entropy, (rows, 2); a row without a label gives (−1, 0). */
export function ranks(gpu: Gpu, { logits, rows, V }: Logits, labels: TensorInfo): TensorInfo {
  return runProgram(
    gpu,
    {
      key: 'vocabulary ranks',
      inputs: { logits, labels },
      uniforms: { rows: int(rows), V: int(V) },
      workgroups: [rows],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${reductions(WORKGROUP, gpu.subgroupSize)}
${FLAT_GROUP}
${LOG_SUM}
fn main(index : i32) {
  ${rowOf}
  let label = labels[row];
  let own = logits[at + max(label, 0)];
  var before = 0.0;
  for (var v = local; v < uniforms.V; v += ${WORKGROUP}) {
    let x = logits[at + v];
    if (!isnan(x) && (x > own || (x == own && v < label))) { before += 1.0; }
  }
  before = sumAll(before);
  let lse = logSum(at, 1.0);
  if (group < uniforms.rows && localIndex == 0u) {
    if (label < 0) {
      result[2 * row] = -1.0;
      result[2 * row + 1] = 0.0;
    } else {
      result[2 * row] = select(before, f32(uniforms.V - 1), isnan(own));
      result[2 * row + 1] = lse - own;
    }
  }
}`,
    },
    { size: rows * 2 },
  );
}

/** Indices of every row's K largest logits, largest first, the lower index first among equals: int32 (rows, K). */
export function topIndices(gpu: Gpu, { logits, rows, V }: Logits, K: number): TensorInfo {
  return runProgram(
    gpu,
    {
      key: 'vocabulary top',
      inputs: { logits },
      uniforms: { rows: int(rows), V: int(V), K: int(K) },
      workgroups: [rows],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
var<workgroup> values : array<f32, ${WORKGROUP}>;
var<workgroup> places : array<i32, ${WORKGROUP}>;
${FLAT_GROUP}
fn comes(x : f32, v : i32, y : f32, w : i32) -> bool { return x > y || (x == y && v < w); }
fn main(index : i32) {
  ${rowOf}
  var last = 3.4e38;
  var lastPlace = -1;
  for (var k = 0; k < uniforms.K; k++) {
    var best = -3.4e38;
    var place = uniforms.V;
    for (var v = local; v < uniforms.V; v += ${WORKGROUP}) {
      let x = logits[at + v];
      if (comes(last, lastPlace, x, v) && comes(x, v, best, place)) { best = x; place = v; }
    }
    values[localIndex] = best;
    places[localIndex] = place;
    workgroupBarrier();
    for (var half = ${WORKGROUP / 2}u; half > 0u; half = half / 2u) {
      if (localIndex < half && comes(values[localIndex + half], places[localIndex + half], values[localIndex], places[localIndex])) {
        values[localIndex] = values[localIndex + half];
        places[localIndex] = places[localIndex + half];
      }
      workgroupBarrier();
    }
    last = values[0];
    lastPlace = places[0];
    workgroupBarrier();
    if (group < uniforms.rows && localIndex == 0u) { result[row * uniforms.K + k] = min(lastPlace, uniforms.V - 1); }
  }
}`,
    },
    { size: rows * K, dtype: 'int32' },
  );
}

/** Probabilities of those pieces at the temperature, and of all the others together: (rows, K + 1). */
export function topProbabilities(
  gpu: Gpu,
  { logits, rows, V }: Logits,
  indices: TensorInfo,
  K: number,
  temperature: number,
): TensorInfo {
  return runProgram(
    gpu,
    {
      key: 'vocabulary top probabilities',
      inputs: { logits, indices },
      uniforms: { rows: int(rows), V: int(V), K: int(K), temperature: float(temperature) },
      workgroups: [rows],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${reductions(WORKGROUP, gpu.subgroupSize)}
${FLAT_GROUP}
${LOG_SUM}
${BITMAP}
${REST}
fn main(index : i32) {
  ${rowOf}
  let factor = 1.0 / uniforms.temperature;
  let lse = logSum(at, factor);
  let rest = restOf(at, row * uniforms.K, factor, lse);
  if (group >= uniforms.rows) { return; }
  for (var k = local; k < uniforms.K; k += ${WORKGROUP}) {
    result[row * (uniforms.K + 1) + k] = exp(logits[at + indices[row * uniforms.K + k]] * factor - lse);
  }
  if (localIndex == 0u) { result[row * (uniforms.K + 1) + uniforms.K] = rest; }
}`,
    },
    { size: rows * (K + 1) },
  );
}
