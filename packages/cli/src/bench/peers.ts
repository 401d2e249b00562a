/** Other libraries' matrix multiplication, to stand beside ours. A peer that is not installed is reported, no error. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Contestant } from './timing.ts';

/** C = op(A)·op(B); `TN` means that A is stored (k, m), `NT` that B is stored (n, k). With `batch`, so many at once. */
export interface Product {
  readonly layout: 'NN' | 'NT' | 'TN';
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

export interface PreparedProduct extends Contestant {
  /** Computes once and copies the result out: (batch, m, n). */
  result(): Promise<Float32Array>;
  dispose(): void;
}

export interface Peer {
  readonly name: 'tfjs' | 'jaxjs';
  prepare(product: Product, a: Float32Array, b: Float32Array): Promise<PreparedProduct>;
}

export interface Peers {
  readonly peers: readonly Peer[];
  /** Why the others are not there. */
  readonly missing: readonly { readonly name: string; readonly reason: string }[];
}

export async function loadPeers(): Promise<Peers> {
  const peers: Peer[] = [];
  const missing: { name: string; reason: string }[] = [];
  for (const [name, load] of [
    ['tfjs', loadTfjs],
    ['jaxjs', loadJaxjs],
  ] as const) {
    try {
      peers.push(await load());
    } catch (error) {
      missing.push({ name, reason: (error instanceof Error ? error.message : String(error)).split('\n')[0] as string });
    }
  }
  return { peers, missing };
}

const withBatch = (batch: number, rows: number, columns: number): number[] =>
  batch === 1 ? [rows, columns] : [batch, rows, columns];

const shapes = ({ layout, batch, m, k, n }: Product) => ({
  a: layout === 'TN' ? withBatch(batch, k, m) : withBatch(batch, m, k),
  b: layout === 'NT' ? withBatch(batch, n, k) : withBatch(batch, k, n),
});

/** `@tensorflow/tfjs-backend-wasm`, one thread. */
async function loadTfjs(): Promise<Peer> {
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');
  const wasm = require('@tensorflow/tfjs-backend-wasm') as typeof import('@tensorflow/tfjs-backend-wasm');
  wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
  if (!(await tf.setBackend('wasm'))) throw new Error('its wasm backend does not start');
  return {
    name: 'tfjs',
    async prepare(product, a, b) {
      const shape = shapes(product);
      const left = tf.tensor(a, shape.a);
      const right = tf.tensor(b, shape.b);
      const multiply = () => tf.matMul(left, right, product.layout === 'TN', product.layout === 'NT');
      return {
        name: 'tfjs',
        run: () => multiply().dispose(),
        async result() {
          const output = multiply();
          const values = (await output.data()) as Float32Array;
          output.dispose();
          return values;
        },
        dispose() {
          left.dispose();
          right.dispose();
        },
      };
    },
  };
}

/** `@jax-js/jax` on its wasm device; without web workers, as in Node, it runs on one thread. */
async function loadJaxjs(): Promise<Peer> {
  const { init, defaultDevice, numpy, blockUntilReady } = await import('@jax-js/jax');
  if (!(await init('wasm')).includes('wasm')) throw new Error('its wasm device does not start');
  defaultDevice('wasm');
  return {
    name: 'jaxjs',
    async prepare(product, a, b) {
      const shape = shapes(product);
      const left = await blockUntilReady(numpy.array(a as Float32Array<ArrayBuffer>, { shape: shape.a }));
      const right = await blockUntilReady(numpy.array(b as Float32Array<ArrayBuffer>, { shape: shape.b }));
      // `.ref` keeps an operand alive: its operations consume their arguments.
      const multiply = () =>
        blockUntilReady(
          numpy.matmul(
            product.layout === 'TN' ? numpy.swapaxes(left.ref, -1, -2) : left.ref,
            product.layout === 'NT' ? numpy.swapaxes(right.ref, -1, -2) : right.ref,
          ),
        );
      return {
        name: 'jaxjs',
        run: async () => (await multiply()).dispose(),
        result: async () => (await (await multiply()).data()) as Float32Array,
        dispose() {
          left.dispose();
          right.dispose();
        },
      };
    },
  };
}
