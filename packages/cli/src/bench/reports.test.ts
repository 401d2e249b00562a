/** What programs read from `lacuna bench … --json`: the names, and figures that agree with each other. */
import { expect, it } from 'vitest';
import { benchKernels } from './kernels.ts';
import { benchObjective } from './objective.ts';
import { benchOnnx, logitErrorsOf } from './onnx.ts';
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
    batchSize: positive,
    length: positive,
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

it('onnx gives everyone’s time, how they compare with ours, and how far their logits are from ours', async () => {
  const done: number[] = [];
  const onRow = (_row: unknown, rows: number, total: number) => done.push(rows / total);
  const report = await benchOnnx({ lengths: [16], rounds: 1, onRow });
  const near = expect.toSatisfy((error: unknown) => typeof error === 'number' && error >= 0 && error < 2e-3);
  const measured = {
    tokens: 16,
    quantization: 'int8',
    lacunaMs: positive,
    lacunaFloatMs: positive,
    onnxruntimeWebMs: positive,
    onnxruntimeNodeMs: positive,
    onnxruntimeWebRatio: positive,
    onnxruntimeNodeRatio: positive,
    onnxruntimeWebFloatRatio: positive,
    onnxruntimeNodeFloatRatio: positive,
    logitErrors: { lacuna: near, onnxruntimeWeb: near, onnxruntimeNode: near },
  };
  const version = expect.stringMatching(/^\d+\.\d+\.\d+/);
  expect(report).toEqual({
    kernels: 'inference-relaxed',
    threads: 1,
    versions: { onnxruntimeWeb: version, onnxruntimeNode: version },
    rows: [
      { task: 'fill-mask', model: 'lacuna-fill', ...measured },
      { task: 'text-classification', model: 'lacuna-sentiment', ...measured },
    ],
    missingPeers: [],
  });
  const [row] = report.rows;
  expect(row?.onnxruntimeWebRatio).toBeCloseTo((row?.onnxruntimeWebMs ?? 0) / (row?.lacunaMs ?? 1), 5);
  expect(row?.onnxruntimeNodeFloatRatio).toBeCloseTo((row?.onnxruntimeNodeMs ?? 0) / (row?.lacunaFloatMs ?? 1), 5);
  expect(done).toEqual([0.5, 1]);
});

it('onnx times nobody whose logits are others', async () => {
  const solver = (name: string, ...logits: number[]) => [name, async () => Float32Array.from(logits)] as const;
  const ours = solver('ours', 1, 2, 3);
  expect(await logitErrorsOf([ours, solver('near', 1, 2, 3.0005)])).toEqual({ near: expect.closeTo(5e-4, 6) });
  for (const off of [solver('far', 1, 2, 3.002), solver('nan', 1, Number.NaN, 3), solver('short', 1, 2)]) {
    await expect(logitErrorsOf([ours, off])).rejects.toThrow(`${off[0]} is`);
  }
  expect(await logitErrorsOf([solver('large', 1, 2, 30), solver('near', 1, 2, 30.002)])).toEqual({
    near: expect.closeTo(2e-3, 5),
  });
  const close = solver('close', 1, 1.0004, 3);
  await expect(logitErrorsOf([close, solver('swapped', 1.0004, 1, 3)])).rejects.toThrow(
    'its best are 2,0,1, ours 2,1,0',
  );
});
