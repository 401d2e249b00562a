/** ONNX Runtime in its two forms for JavaScript, on one thread each. One that is not installed is reported, no error. */
import type { InferenceSession, Tensor } from 'onnxruntime-web';

/** int64 (rows, columns) by the input's name. */
export type OnnxInputs = Readonly<Record<string, { readonly values: ArrayLike<number>; readonly rows: number }>>;

/** A model that was read. Of inputs made ready, every call computes the `logits` anew. */
export type OnnxSession = (inputs: OnnxInputs) => () => Promise<Float32Array>;

export interface OnnxRuntime {
  readonly name: 'onnxruntimeWeb' | 'onnxruntimeNode';
  readonly version: string;
  open(model: Uint8Array): Promise<OnnxSession>;
}

export interface OnnxRuntimes {
  readonly runtimes: readonly OnnxRuntime[];
  /** Why the others are not there. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

/** What both packages export. */
interface Package {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (type: 'int64', data: BigInt64Array, dims: readonly number[]) => Tensor;
  readonly env: { readonly versions: { readonly common: string } };
}

const PACKAGES = [
  [
    'onnxruntimeWeb',
    async (): Promise<Package> => {
      const runtime = await import('onnxruntime-web/wasm');
      runtime.env.wasm.numThreads = 1;
      return runtime;
    },
  ],
  [
    'onnxruntimeNode',
    async (): Promise<Package> => {
      // Else it looks for a server to tell of this machine.
      process.env.ORT_DISABLE_TELEMETRY = '1';
      return import('onnxruntime-node');
    },
  ],
] as const;

export async function loadOnnxRuntimes(): Promise<OnnxRuntimes> {
  const runtimes: OnnxRuntime[] = [];
  const missing: { name: string; reason: string }[] = [];
  for (const [name, load] of PACKAGES) {
    try {
      runtimes.push(runtimeOf(name, await load()));
    } catch (error) {
      missing.push({ name, reason: (error instanceof Error ? error.message : String(error)).split('\n')[0] as string });
    }
  }
  return { runtimes, missing };
}

function runtimeOf(name: OnnxRuntime['name'], { InferenceSession, Tensor, env }: Package): OnnxRuntime {
  return {
    name,
    version: env.versions.common,
    async open(model) {
      const session = await InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
      return (inputs) => {
        const tensors = Object.entries(inputs).map(([input, { values, rows }]) => {
          const data = BigInt64Array.from(Array.from(values), BigInt);
          return [input, new Tensor('int64', data, [rows, values.length / rows])] as const;
        });
        const feeds = Object.fromEntries(tensors);
        return async () => (await session.run(feeds)).logits?.data as Float32Array;
      };
    },
  };
}
