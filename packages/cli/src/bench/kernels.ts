/**
 * `lacuna bench kernels`: GFLOP/s of matrix multiplication at the model's shapes, packing counted, as a share of the core's
 * multiply-add peak, with two other libraries in the same run. Every contestant's result is checked before it is timed.
 */
import { fileURLToPath } from 'node:url';
import { Pauses } from '@lacuna/core';
import { type BareKernels, bareKernels, type KernelBuild, peakLoop } from './bare-kernels.ts';
import { loadPeers, type PreparedProduct, type Product } from './peers.ts';
import { interleave, median } from './timing.ts';

export interface KernelRow {
  readonly name: string;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batch: number;
  readonly gflops: number;
  /** Median over the rounds of our GFLOP/s over the peak's in the same round. */
  readonly ofPeak: number;
  readonly tfjsGflops?: number;
  readonly jaxjsGflops?: number;
}

export interface KernelReport {
  readonly build: KernelBuild;
  readonly peakGflops: number;
  readonly rows: readonly KernelRow[];
  readonly missingPeers: readonly { readonly name: string; readonly reason: string }[];
}

export interface KernelBenchOptions {
  /** Called as each row is done. */
  readonly onRow?: (row: KernelRow, done: number, total: number) => void;
  readonly products?: readonly Product[];
  readonly signal?: AbortSignal;
}

const LAYOUTS = ['NN', 'NT', 'TN'] as const;
const SIZES = [
  { batch: 1, m: 2048, k: 256, n: 1024 },
  { batch: 1, m: 2048, k: 1024, n: 256 },
  { batch: 1, m: 512, k: 128, n: 8192 },
  { batch: 1, m: 256, k: 2048, n: 1024 },
  { batch: 128, m: 64, k: 64, n: 64 },
] as const;

/** The products timed: four large ones and a batch of small ones, each NN, NT and TN. */
export const PRODUCTS: readonly Product[] = SIZES.flatMap((size) => LAYOUTS.map((layout) => ({ ...size, layout })));

const flopsOf = ({ batch, m, k, n }: Product) => 2 * batch * m * k * n;
const nameOf = ({ layout, batch, m, k, n }: Product) =>
  batch === 1 ? `${layout} ${m}×${k}×${n}` : `${layout} ${batch}×(${m}×${k}×${n})`;

export async function benchKernels(options: KernelBenchOptions = {}): Promise<KernelReport> {
  const { products = PRODUCTS, onRow, signal } = options;
  const bytes = Math.max(...products.map(({ batch, m, k, n }) => 4 * batch * (m * k + k * n + m * n)));
  const kernels = await bareKernels(bytes + 1024);
  const { peers, missing } = await loadPeers();
  const peak = peakLoop(kernels, kernels.start);
  const rows: KernelRow[] = [];
  const pauses = new Pauses();
  const peaks: number[] = [];
  for (const product of products) {
    await pauses.take(signal);
    const { a, b } = operands(product);
    const contestants = [ours(kernels, product, a, b)];
    for (const peer of peers) contestants.push(await peer.prepare(product, a, b));
    for (const contestant of contestants) check(contestant.name, product, a, b, await contestant.result());
    const slow = contestants.length > 1 ? 5 : 9;
    const times = await interleave([peak, ...contestants], { rounds: slow });
    for (const contestant of contestants) contestant.dispose();
    const flops = flopsOf(product);
    const rates = times.map((ms, i) => ms.map((t) => (i === 0 ? peak.flops : flops) / t / 1e6));
    const [peakRates = [], ourRates = []] = rates;
    peaks.push(...peakRates);
    const row: KernelRow = {
      name: nameOf(product),
      m: product.m,
      k: product.k,
      n: product.n,
      batch: product.batch,
      gflops: median(ourRates),
      ofPeak: median(ourRates.map((rate, round) => rate / (peakRates[round] as number))),
      ...Object.fromEntries(peers.map((peer, i) => [`${peer.name}Gflops`, median(rates[i + 2] ?? [])])),
    };
    rows.push(row);
    onRow?.(row, rows.length, products.length);
  }
  return { build: kernels.build, peakGflops: median(peaks), rows, missingPeers: missing };
}

/** Values in [−1, 1) from a small generator: enough to catch a wrong product, cheap to make. */
function operands({ batch, m, k, n }: Product): { a: Float32Array; b: Float32Array } {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 2 ** 31;
  };
  return {
    a: Float32Array.from({ length: batch * m * k }, next),
    b: Float32Array.from({ length: batch * k * n }, next),
  };
}

function ours(kernels: BareKernels, product: Product, a: Float32Array, b: Float32Array): PreparedProduct {
  const { memory, exports, scratch, start } = kernels;
  const { layout, batch, m, k, n } = product;
  const aAt = start + 512; // behind the peak loop's vectors
  const bAt = aAt + a.byteLength;
  const cAt = bAt + b.byteLength;
  new Float32Array(memory.buffer, aAt, a.length).set(a);
  new Float32Array(memory.buffer, bAt, b.length).set(b);
  const transA = layout === 'TN' ? 1 : 0;
  const transB = layout === 'NT' ? 1 : 0;
  const [lda, ldb] = [transA ? m : k, transB ? k : n];
  const run = () =>
    exports.gemmBatched(batch, m * k, k * n, m * n, transA, transB, m, n, k, aAt, lda, bAt, ldb, cAt, n, 0, scratch);
  return {
    name: 'lacuna',
    run,
    async result() {
      run();
      return new Float32Array(memory.buffer, cAt, batch * m * n).slice();
    },
    dispose() {},
  };
}

/** Compares 500 spread elements with float64 dot products; throws when one is off by more than rounding explains. */
function check(who: string, product: Product, a: Float32Array, b: Float32Array, c: Float32Array): void {
  const { layout, batch, m, k, n } = product;
  const size = batch * m * n;
  for (let s = 0; s < 500; s++) {
    const index = s === 499 ? size - 1 : Math.floor((s * size) / 499);
    const matrix = Math.floor(index / (m * n));
    const i = Math.floor((index % (m * n)) / n);
    const j = index % n;
    let sum = 0;
    let magnitude = 0;
    for (let p = 0; p < k; p++) {
      const left = a[matrix * m * k + (layout === 'TN' ? p * m + i : i * k + p)] as number;
      const right = b[matrix * k * n + (layout === 'NT' ? j * k + p : p * n + j)] as number;
      sum += left * right;
      magnitude += Math.abs(left * right);
    }
    const got = c[index] as number;
    if (!(Math.abs(got - sum) <= 2e-6 * magnitude)) {
      throw new Error(`bench kernels: ${who} gives ${got} at ${index} of ${nameOf(product)}, expected ${sum}.`);
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = await benchKernels({ onRow: (row) => console.error(row) });
  console.log(JSON.stringify(report, undefined, 2));
}
