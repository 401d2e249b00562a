/**
 * Rows added up by the segment each belongs to: the gradient of an embedding and of a gather. The host knows the ids, so
 * it says which rows make up a segment; every sum has one order, and no two invocations write to one place.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Engine } from '../engine.ts';
import type { Gpu } from './gpu.ts';
import { FLAT_GROUP, int, type Output, runProgram } from './program.ts';

const WORKGROUP = 64;

/** Row numbers in the order of their segments, and where each segment's begin; ids below 0 belong nowhere. */
export function segmentsOf(ids: Int32Array, count: number): { order: Int32Array; starts: Int32Array } {
  const starts = new Int32Array(count + 1);
  for (const id of ids) if (id >= 0) starts[id + 1] = (starts[id + 1] as number) + 1;
  for (let i = 0; i < count; i++) starts[i + 1] = (starts[i + 1] as number) + (starts[i] as number);
  const next = starts.slice(0, count);
  const order = new Int32Array(Math.max(1, starts[count] as number));
  ids.forEach((id, row) => {
    if (id < 0) return;
    const at = next[id] as number;
    order[at] = row;
    next[id] = at + 1;
  });
  return { order, starts };
}

/** x (n, C), ids (n) → (count, C); with `into`, the sums are added to what is there. */
export function segmentSum(
  engine: Engine,
  gpu: Gpu,
  x: TensorInfo,
  ids: Int32Array,
  count: number,
  C: number,
  into?: TensorInfo,
): TensorInfo {
  const { order, starts } = segmentsOf(ids, count);
  const output: Output = into ? { into } : { size: count * C };
  return runProgram(
    gpu,
    {
      key: `segmentSum ${into !== undefined}`,
      inputs: { x, order: engine.integer(order, [order.length]), starts: engine.integer(starts, [starts.length]) },
      uniforms: { segments: int(count), width: int(C) },
      workgroups: [count],
      workgroupSize: WORKGROUP,
      code: /* wgsl */ `
${FLAT_GROUP}
fn main(index : i32) {
  let segment = flatGroup();
  if (segment >= uniforms.segments) { return; }
  let first = starts[segment];
  let end = starts[segment + 1];
  ${into ? 'if (first == end) { return; }' : ''}
  for (var c = i32(localIndex); c < uniforms.width; c += ${WORKGROUP}) {
    var sum = ${into ? 'result[segment * uniforms.width + c]' : '0.0'};
    for (var i = first; i < end; i++) { sum += x[order[i] * uniforms.width + c]; }
    result[segment * uniforms.width + c] = sum;
  }
}`,
    },
    output,
  );
}

/** Rows of x (N, C) by int32 indices (n) → (n, C); an index below 0 gives zeros. */
export function gatherRows(engine: Engine, gpu: Gpu, x: TensorInfo, indices: Int32Array, C: number): TensorInfo {
  const rows = engine.integer(indices, [indices.length]);
  return runProgram(
    gpu,
    {
      key: 'gatherRows',
      inputs: { x, rows },
      uniforms: { count: int(indices.length * C), width: int(C) },
      workgroups: [Math.ceil((indices.length * C) / 128)],
      workgroupSize: 128,
      code: /* wgsl */ `
fn main(index : i32) {
  if (index >= uniforms.count) { return; }
  let row = rows[index / uniforms.width];
  if (row < 0) { result[index] = 0.0; } else { result[index] = x[row * uniforms.width + index % uniforms.width]; }
}`,
    },
    { size: indices.length * C },
  );
}
