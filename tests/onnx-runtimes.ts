/** ONNX Runtime in its two forms for JavaScript, each on one thread: its own code on its own kernels, an outside oracle. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';

/** (rows, columns) of whole numbers. */
export interface Integers {
  readonly values: ArrayLike<number>;
  readonly rows: number;
}

export type Run = (inputs: Readonly<Record<string, Integers>>) => Promise<Float32Array>;

interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => Tensor;
}

const ONE_THREAD = { intraOpNumThreads: 1, interOpNumThreads: 1 };

async function load(runtime: Runtime, model: Uint8Array): Promise<Run> {
  const session = await runtime.InferenceSession.create(model, ONE_THREAD);
  return async (inputs) => {
    const feeds = Object.entries(inputs).map(([name, { values, rows }]) => {
      const data = BigInt64Array.from(Array.from(values), BigInt);
      return [name, new runtime.Tensor('int64', data, [rows, values.length / rows])] as const;
    });
    const { logits } = await session.run(Object.fromEntries(feeds));
    return logits?.data as Float32Array;
  };
}

export const RUNTIMES: readonly (readonly [string, (model: Uint8Array) => Promise<Run>])[] = [
  [
    'onnxruntime-web',
    async (model) => {
      const runtime = await import('onnxruntime-web/wasm');
      runtime.env.wasm.numThreads = 1;
      return load(runtime, model);
    },
  ],
  [
    'onnxruntime-node',
    async (model) => {
      process.env.ORT_DISABLE_TELEMETRY = '1';
      return load(await import('onnxruntime-node'), model);
    },
  ],
];
