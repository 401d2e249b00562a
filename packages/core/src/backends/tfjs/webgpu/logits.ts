/**
 * What programs over the logits of a chunk of rows share: a workgroup takes a row.
 *
 * Which pieces a teacher chose is a bitmap in workgroup memory, made for one segment of the vocabulary after the other.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';

export const WORKGROUP = 128;

/** Pieces in one bitmap (4 kB). */
export const SEGMENT = 32_768;

/** A chunk's logits (rows, V). */
export interface Logits {
  readonly logits: TensorInfo;
  readonly rows: number;
  readonly V: number;
}

/** Declares `group`, the workgroup's number, `row`, which is within bounds, `at`, where it starts, and `local`. */
export const ROW = /* wgsl */ `
  let group = flatGroup();
  let row = min(group, uniforms.rows - 1);
  let at = row * uniforms.V;
  let local = i32(localIndex);
`;

/** `logSum(at, factor)`: log Σ exp(factor · logit) of the row at `at`. */
export const LOG_SUM = /* wgsl */ `
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
export const BITMAP = /* wgsl */ `
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
export const REST = /* wgsl */ `
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
