/**
 * `lacuna bench gpu`: matrix products of a training step on WebGPU, ours beside TensorFlow.js's and jax-js's on the same
 * adapter. y = x Wᵀ as a linear layer has it; every contestant's result is checked before it is timed.
 */
import { Pauses, Random } from '@lacuna/core';
import { type GpuBackend, loadUnfusedWebgpuBackend, loadWebgpuBackend } from '@lacuna/core/node';
import { gpuAdapter } from './other-backend.ts';
import { type Contestant, interleave, median } from './timing.ts';

export interface GpuRow {
  readonly name: string;
  readonly gflops: number;
  readonly tfjsGflops: number;
  readonly jaxjsGflops?: number;
}

export interface GpuReport {
  readonly adapter: string;
  readonly rows: readonly GpuRow[];
  readonly missing: readonly string[];
}

export interface GpuBenchOptions {
  /** Rows of x. */
  readonly rows: number;
  readonly rounds?: number;
  readonly signal?: AbortSignal;
  readonly onRow?: (row: GpuRow, done: number, total: number) => void;
}

/** Inner and outer width of a layer: of `base`, then of a model 512 wide. */
const LAYERS = [
  [192, 576],
  [512, 192],
  [192, 8192],
  [512, 1536],
  [1408, 512],
] as const;

/** Products in flight before one result is read: reading waits for all. */
const IN_FLIGHT = 8;

interface Multiplier {
  readonly name: string;
  /** (rows, outer) of x (rows, inner) and W (outer, inner), after `times` products. */
  multiply(x: Float32Array, w: Float32Array, rows: number, inner: number, outer: number): Promise<Prepared>;
  close(): void;
}

interface Prepared {
  run(times: number): Promise<Float32Array>;
  dispose(): void;
}

export async function benchGpu({ rows, rounds = 7, signal, onRow }: GpuBenchOptions): Promise<GpuReport> {
  const adapter = await gpuAdapter();
  const contestants = [lacuna('ours', await loadWebgpuBackend()), lacuna('tfjs', await loadUnfusedWebgpuBackend())];
  const missing: string[] = [];
  try {
    contestants.push(await jaxjs());
  } catch (error) {
    missing.push(`jax-js (${error instanceof Error ? error.message : String(error)})`);
  }
  const pauses = new Pauses();
  const report: GpuRow[] = [];
  for (const [inner, outer] of LAYERS) {
    await pauses.take(signal);
    const random = new Random(1);
    const draw = (size: number) => Float32Array.from({ length: size }, () => random.normal());
    const [x, w] = [draw(rows * inner), draw(outer * inner)];
    const prepared = await Promise.all(contestants.map((peer) => peer.multiply(x, w, rows, inner, outer)));
    for (const [i, { name }] of contestants.entries())
      check(name, await (prepared[i] as Prepared).run(1), x, w, inner, outer);
    const runs: Contestant[] = contestants.map(({ name }, i) => ({
      name,
      run: async () => void (await (prepared[i] as Prepared).run(IN_FLIGHT)),
    }));
    const times = await interleave(runs, { rounds, sliceMs: 30 });
    const gflops = times.map((ms) => (IN_FLIGHT * 2 * rows * inner * outer) / median(ms) / 1e6);
    const row = {
      name: `${rows}×${inner}×${outer}`,
      gflops: gflops[0] as number,
      tfjsGflops: gflops[1] as number,
      ...(gflops[2] === undefined ? {} : { jaxjsGflops: gflops[2] }),
    };
    report.push(row);
    onRow?.(row, report.length, LAYERS.length);
    for (const one of prepared) one.dispose();
  }
  for (const peer of contestants) peer.close();
  return { adapter, rows: report, missing };
}

/** A backend of ours; the unfused one multiplies by TensorFlow.js's own program. */
function lacuna(name: string, ops: GpuBackend): Multiplier {
  return {
    name,
    async multiply(x, w, rows, inner, outer) {
      const [input, weight] = [ops.persistent([rows, inner], x), ops.persistent([outer, inner], w)];
      return {
        run: (times) =>
          ops.scope(() => {
            let y = ops.linear(input, weight);
            for (let i = 1; i < times; i++) y = ops.linear(input, weight);
            return ops.read(y);
          }),
        dispose() {},
      };
    },
    close: () => ops.close(),
  };
}

/** `@jax-js/jax` on its webgpu device. */
async function jaxjs(): Promise<Multiplier> {
  const { init, defaultDevice, numpy, blockUntilReady } = await import('@jax-js/jax');
  if (!(await init('webgpu')).includes('webgpu')) throw new Error('its webgpu device does not start');
  defaultDevice('webgpu');
  return {
    name: 'jaxjs',
    async multiply(x, w, rows, inner, outer) {
      const input = await blockUntilReady(numpy.array(x as Float32Array<ArrayBuffer>, { shape: [rows, inner] }));
      const weight = await blockUntilReady(numpy.array(w as Float32Array<ArrayBuffer>, { shape: [outer, inner] }));
      const product = () => numpy.matmul(input.ref, numpy.swapaxes(weight.ref, -1, -2));
      return {
        async run(times) {
          for (let i = 1; i < times; i++) product().dispose();
          return (await product().data()) as Float32Array;
        },
        dispose() {
          input.dispose();
          weight.dispose();
        },
      };
    },
    close() {},
  };
}

/** Some rows against plain sums. */
function check(name: string, y: Float32Array, x: Float32Array, w: Float32Array, inner: number, outer: number): void {
  const rows = x.length / inner;
  for (const row of new Set([0, rows >> 1, rows - 1])) {
    for (let o = 0; o < outer; o += 37) {
      let sum = 0;
      for (let i = 0; i < inner; i++) sum += (x[row * inner + i] as number) * (w[o * inner + i] as number);
      const got = y[row * outer + o] as number;
      if (Math.abs(got - sum) > 1e-3 * Math.sqrt(inner)) {
        throw new Error(`bench gpu: ${name} must give ${sum} at (${row}, ${o}) of ${inner}×${outer}, got ${got}.`);
      }
    }
  }
}
