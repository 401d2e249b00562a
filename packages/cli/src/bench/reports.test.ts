/** What programs read from `lacuna bench … --json`: the names, and figures that agree with each other. */
import { expect, it } from 'vitest';
import { benchKernels } from './kernels.ts';
import { benchObjective } from './objective.ts';
import { benchTrain, TRAIN_SHAPE } from './train.ts';

const positive = expect.toSatisfy((value: unknown) => typeof value === 'number' && value > 0 && Number.isFinite(value));

it('kernels gives a rate and a share of the peak for every product', async () => {
  const sizes = { batch: 1, m: 24, k: 32, n: 40 };
  const done: number[] = [];
  const report = await benchKernels({
    products: [
      { ...sizes, layout: 'NN' },
      { ...sizes, layout: 'TN', batch: 3 },
    ],
    onRow: (_row, rows, total) => done.push(rows / total),
  });
  const measured = { gflops: positive, ofPeak: positive };
  expect(report).toMatchObject({
    build: expect.stringMatching(/^(simd|relaxed)$/),
    peakGflops: positive,
    rows: [
      { name: 'NN 24×32×40', ...sizes, ...measured },
      { name: 'TN 3×(24×32×40)', ...sizes, batch: 3, ...measured },
    ],
  });
  const missing = report.missingPeers.map(({ name }) => name);
  for (const peer of ['tfjs', 'jaxjs'] as const) {
    expect([peer, report.rows.every((row) => (row[`${peer}Gflops`] ?? 0) > 0)]).toEqual([
      peer,
      !missing.includes(peer),
    ]);
  }
  expect(done).toEqual([0.5, 1]);
});

it('train gives tokens a second, their operations and the peak on as many lanes', async () => {
  const named = process.env.LACUNA_PYTHON;
  process.env.LACUNA_PYTHON = '/no/such/python';
  const shape = { ...TRAIN_SHAPE, batchSize: 2, length: 64 };
  const report = await benchTrain({ lanes: 2, kernels: 'auto', rounds: 1, shape });
  if (named === undefined) delete process.env.LACUNA_PYTHON;
  else process.env.LACUNA_PYTHON = named;
  expect(report).toEqual({
    config: 'bench',
    backend: 'wasm',
    lanes: 2,
    tokensPerSecond: positive,
    gflops: positive,
    ofPeak: positive,
    peakGflops: positive,
    speedup: positive,
    missing: ['PyTorch (/no/such/python cannot import torch)'],
  });
  expect(report.ofPeak).toBeCloseTo(report.gflops / report.peakGflops / 2, 5);
});

it('objective gives both times of every shape and their ratio', async () => {
  const shapes = [{ length: 64, decoderLayers: 1 }];
  const { rows } = await benchObjective({ kernels: 'simd', ratio: 0.5, rounds: 1, tokens: 128, shapes });
  expect(rows).toEqual([
    {
      length: 64,
      encoderLayers: 6,
      decoderLayers: 1,
      ratio: 0.5,
      maeMs: positive,
      mlmMs: positive,
      speedup: positive,
      flopRatio: positive,
    },
  ]);
  const [row] = rows;
  expect(row?.speedup).toBeCloseTo((row?.mlmMs ?? 0) / (row?.maeMs ?? 1), 5);
  // Half of the tokens are not read.
  expect(row?.flopRatio).toBeGreaterThan(1);
});
