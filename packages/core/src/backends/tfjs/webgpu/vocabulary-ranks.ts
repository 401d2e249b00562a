/** Where labels stand among a chunk's logits, and which pieces stand first. */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Gpu } from './gpu.ts';
import { BITMAP, LOG_SUM, type Logits, REST, ROW, WORKGROUP } from './logits.ts';
import { FLAT_GROUP, float, int, runProgram } from './program.ts';
import { reductions } from './reduce.ts';

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
  ${ROW}
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
  ${ROW}
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
  ${ROW}
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
