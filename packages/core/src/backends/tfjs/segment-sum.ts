/** `UnsortedSegmentSum` for the WASM backend, which has none: the gradient of an embedding and of a gather. */

import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { getKernel, registerKernel, type TensorInfo, util } from '@tensorflow/tfjs-core';

/** Registers the kernel once a process. x (n, C) and int32 segment ids (n) → (numSegments, C). */
export function registerSegmentSum(): void {
  if (getKernel('UnsortedSegmentSum', 'wasm')) return;
  registerKernel({
    kernelName: 'UnsortedSegmentSum',
    backendName: 'wasm',
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as { x: TensorInfo; segmentIds: TensorInfo };
      const wasm = backend as BackendWasm;
      const width = util.sizeFromShape(x.shape.slice(1));
      const output = wasm.makeOutput([attrs?.numSegments as number, ...x.shape.slice(1)], 'float32');
      const [sums, rows] = [wasm.typedArrayFromHeap(output), wasm.typedArrayFromHeap(x)];
      const ids = wasm.typedArrayFromHeap(segmentIds);
      sums.fill(0);
      for (let i = 0; i < ids.length; i++) {
        const at = (ids[i] as number) * width;
        for (let c = 0; c < width; c++) sums[at + c] = (sums[at + c] as number) + (rows[i * width + c] as number);
      }
      return output;
    },
  });
}
