import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUILDS } from './build.ts';
import { instantiate, type Kernels } from './instance.ts';

/** Fills with −8 to 8 times `step`: products and sums of multiples of 1/8 stay exact in float32, so results must be equal. */
function fill(values: Float32Array | Int8Array, seed: number, step: number): void {
  let state = seed | 1;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    values[i] = ((state >>> 24) % 17) * step - 8 * step;
  }
}

interface Case {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly padA: number;
  readonly padB: number;
  readonly padC: number;
  readonly accumulate: boolean;
  readonly seed: number;
}

/** Runs a case in the kernels and by three loops; C has guard values in its padding, which must survive. */
function compare(kernels: Kernels, scratch: number, start: number, x: Case): void {
  const { m, n, k } = x;
  const lda = (x.transA ? m : k) + x.padA;
  const ldb = (x.transB ? k : n) + x.padB;
  const ldc = n + x.padC;
  const sizeA = (x.transA ? k : m) * lda;
  const sizeB = (x.transB ? n : k) * ldb;
  const aAt = start;
  const bAt = aAt + sizeA * 4;
  const cAt = bAt + sizeB * 4;
  const a = new Float32Array(kernels.memory.buffer, aAt, sizeA);
  const b = new Float32Array(kernels.memory.buffer, bAt, sizeB);
  const c = new Float32Array(kernels.memory.buffer, cAt, m * ldc + 16);
  fill(a, x.seed, 1 / 8);
  fill(b, x.seed + 1, 1 / 8);
  fill(c, x.seed + 2, 1 / 8);
  const expected = c.slice();
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = x.accumulate ? (c[i * ldc + j] as number) : 0;
      for (let p = 0; p < k; p++) {
        const av = a[x.transA ? p * lda + i : i * lda + p] as number;
        const bv = b[x.transB ? j * ldb + p : p * ldb + j] as number;
        sum += av * bv;
      }
      expected[i * ldc + j] = sum;
    }
  }
  kernels.gemm(+x.transA, +x.transB, m, n, k, aAt, lda, bAt, ldb, cAt, ldc, +x.accumulate, scratch);
  expect(c).toEqual(expected);
}

const size = (max: number) => fc.integer({ min: 1, max });
const cases = (maxM: number, maxN: number, maxK: number) =>
  fc.record({
    transA: fc.boolean(),
    transB: fc.boolean(),
    m: size(maxM),
    n: size(maxN),
    k: fc.integer({ min: 0, max: maxK }),
    padA: fc.nat(5),
    padB: fc.nat(5),
    padC: fc.nat(5),
    accumulate: fc.boolean(),
    seed: fc.nat(1 << 20),
  });

describe.each(BUILDS)('%s build', async (build) => {
  const kernels = await instantiate(build, 512);
  const scratch = (kernels.heapBase() + 15) & ~15;
  const start = scratch + kernels.gemmScratchBytes();

  test('gemm equals three loops for any small shape, stride and transposition', () => {
    fc.assert(
      fc.property(cases(40, 40, 40), (x) => compare(kernels, scratch, start, x)),
      { numRuns: 300 },
    );
  });

  test('gemm equals three loops across its block boundaries', () => {
    for (const transA of [false, true]) {
      for (const transB of [false, true]) {
        for (const [m, n, k] of [
          [250, 33, 17],
          [13, 2100, 9],
          [19, 21, 530],
          [131, 70, 300],
        ] as const) {
          const x = { transA, transB, m, n, k, padA: 1, padB: 3, padC: 2, accumulate: m === 131, seed: m };
          compare(kernels, scratch, start, x);
        }
      }
    }
  });

  test('gemmBatched equals three loops for every product of a batch, in every layout, with its strides', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.tuple(size(20), size(40), size(30)),
        fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6)),
        fc.constantFrom([0, 0] as const, [0, 1] as const, [1, 0] as const),
        fc.boolean(),
        (batch, [m, n, k], pads, [transA, transB], accumulate) => {
          const strides = [m * k + pads[0], k * n + pads[1], m * n + pads[2]] as const;
          const at = [start, start + 4 * batch * strides[0], start + 4 * batch * (strides[0] + strides[1])] as const;
          const [a, b, c] = at.map((offset, i) => {
            const values = new Float32Array(kernels.memory.buffer, offset, batch * (strides[i] as number));
            fill(values, i + m, 1 / 8);
            return values;
          }) as [Float32Array, Float32Array, Float32Array];
          const expected = c.slice();
          for (let s = 0; s < batch; s++) {
            for (let i = 0; i < m; i++) {
              for (let j = 0; j < n; j++) {
                const to = s * strides[2] + i * n + j;
                let sum = accumulate ? (c[to] as number) : 0;
                for (let p = 0; p < k; p++) {
                  const left = a[s * strides[0] + (transA ? p * m + i : i * k + p)] as number;
                  sum += left * (b[s * strides[1] + (transB ? j * k + p : p * n + j)] as number);
                }
                expected[to] = sum;
              }
            }
          }
          const [lda, ldb] = [transA ? m : k, transB ? k : n];
          const places = [at[0], lda, at[1], ldb, at[2], n] as const;
          kernels.gemmBatched(batch, ...strides, transA, transB, m, n, k, ...places, +accumulate, scratch);
          expect(c).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('gemmInt8 is exact where 16 bits hold A, whatever lies after B', () => {
    const depth = fc.oneof(size(70), fc.integer({ min: 480, max: 1100 }));
    fc.assert(
      fc.property(size(12), size(40), depth, fc.boolean(), fc.nat(1 << 20), (m, n, k, accumulate, seed) => {
        const lda = k + 3;
        const ldc = n + 1;
        const at = [
          start,
          start + 4 * m * lda,
          start + 4 * (m * lda + n),
          start + 4 * (m * lda + n + m * ldc),
        ] as const;
        const a = new Float32Array(kernels.memory.buffer, at[0], m * lda);
        const scales = new Float32Array(kernels.memory.buffer, at[1], n);
        const c = new Float32Array(kernels.memory.buffer, at[2], m * ldc);
        const b = new Int8Array(kernels.memory.buffer, at[3], n * k + 15).fill(99);
        fill(a, seed, 4095);
        fill(b.subarray(0, n * k), seed + 1, 16);
        // Every block of a row has 32767 in it, so that its scale is 1.
        for (let p = 0; p < m * lda; p += lda) for (let block = 0; block < k; block += 512) a[p + block] = 32767;
        for (let j = 0; j < n; j++) scales[j] = 2 ** -(j % 5);
        fill(c, seed + 3, 1 / 8);
        const expected = c.slice();
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            const to = i * ldc + j;
            if (!accumulate) expected[to] = 0;
            for (let block = 0; block < k; block += 512) {
              let sum = 0;
              for (let p = block; p < Math.min(k, block + 512); p++)
                sum += (a[i * lda + p] as number) * (b[j * k + p] as number);
              expected[to] = (expected[to] as number) + Math.fround(sum) * (scales[j] as number);
            }
          }
        }
        kernels.gemmInt8(m, n, k, at[0], lda, at[3], at[1], at[2], ldc, +accumulate, scratch);
        expect(c).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('gemmInt8 keeps what is not a number, and takes a row of next to nothing for zeros', () => {
    const at = [start, start + 64, start + 128, start + 192] as const;
    const a = new Float32Array(kernels.memory.buffer, at[0], 12);
    new Float32Array(kernels.memory.buffer, at[1], 1).fill(1);
    new Int8Array(kernels.memory.buffer, at[2], 19).fill(1);
    a.set([1, Number.NaN, 1, 1, 1, Number.POSITIVE_INFINITY, 1, 1, 1e-38, 1e-40, 0, 0]);
    kernels.gemmInt8(3, 1, 4, at[0], 4, at[2], at[1], at[3], 1, 0, scratch);
    const [nan, infinite, nothing] = new Float32Array(kernels.memory.buffer, at[3], 3);
    expect([nan, Number.isFinite(infinite), nothing]).toEqual([Number.NaN, false, 0]);
  });
});

test.each(['simd', 'relaxed'] as const)('%s build: peak counts 96 FLOPs a pass and leaves its sums', async (build) => {
  const kernels = await instantiate(build, 16);
  const start = (kernels.heapBase() + 15) & ~15;
  const data = new Float32Array(kernels.memory.buffer, start, 56);
  data.fill(0).fill(1, 0, 8);
  expect(kernels.peak(5, start)).toBe(480);
  expect([...data.subarray(8)]).toEqual(new Array(48).fill(5));
});
