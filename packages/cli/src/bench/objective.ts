/**
 * `lacuna bench objective`: what leaving out the removed tokens saves. Steps of the masked autoencoder and of the
 * masked-LM control with the same encoder take turns, at several lengths and decoder depths.
 */
import { CONFIGS, mlmControl, Pauses, type SampleShape } from '@lacuna/core';
import { median } from './timing.ts';
import { preparedStep, stepFlops } from './training-step.ts';

interface ObjectiveShape {
  readonly length: number;
  readonly decoderLayers: number;
}

export const OBJECTIVE_SHAPES: readonly ObjectiveShape[] = [
  { length: 128, decoderLayers: 2 },
  { length: 128, decoderLayers: 1 },
  { length: 512, decoderLayers: 2 },
  { length: 512, decoderLayers: 1 },
];

export interface ObjectiveRow {
  readonly length: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly ratio: number;
  readonly maeMs: number;
  readonly mlmMs: number;
  /** The control's time over the autoencoder's, median over the rounds. */
  readonly speedup: number;
  /** The same by counting operations. */
  readonly flopRatio: number;
}

export interface ObjectiveBenchOptions {
  readonly kernels: 'auto' | 'simd' | 'relaxed';
  readonly ratio: number;
  readonly rounds?: number;
  /** Of a batch. */
  readonly tokens?: number;
  readonly shapes?: readonly ObjectiveShape[];
  readonly onRow?: (row: ObjectiveRow, done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export async function benchObjective(
  options: ObjectiveBenchOptions,
): Promise<{ readonly rows: readonly ObjectiveRow[] }> {
  const { kernels, ratio, rounds = 5, tokens = 4096, shapes = OBJECTIVE_SHAPES, onRow, signal } = options;
  const rows: ObjectiveRow[] = [];
  const pauses = new Pauses();
  for (const { length, decoderLayers } of shapes) {
    const config = { ...CONFIGS.bench, numDecoderLayers: decoderLayers };
    const shape: SampleShape = { config, batchSize: tokens / length, length, ratio };
    const control: SampleShape = { ...shape, config: mlmControl(config) };
    const mae = await preparedStep(shape, 1, kernels);
    const mlm = await preparedStep(control, 1, kernels);
    const times: { mae: number[]; mlm: number[] } = { mae: [], mlm: [] };
    for (let round = 0; round < rounds; round++) {
      await pauses.take(signal);
      const begun = performance.now();
      await mae.step();
      const between = performance.now();
      await mlm.step();
      times.mae.push(between - begun);
      times.mlm.push(performance.now() - between);
    }
    await mae.group.close();
    await mlm.group.close();
    const row: ObjectiveRow = {
      length,
      encoderLayers: config.numHiddenLayers,
      decoderLayers,
      ratio,
      maeMs: median(times.mae),
      mlmMs: median(times.mlm),
      speedup: median(times.mlm.map((ms, i) => ms / (times.mae[i] as number))),
      flopRatio: stepFlops(control, mlm.batch) / stepFlops(shape, mae.batch),
    };
    rows.push(row);
    onRow?.(row, rows.length, shapes.length);
  }
  return { rows };
}
