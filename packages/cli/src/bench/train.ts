/**
 * `lacuna bench train`: tokens a second and effective GFLOP/s of whole training steps (forward, backward, all-reduce,
 * clipping, AdamW, average) as a share of the multiply-add peak, and the same step in PyTorch where it is installed.
 * Contestants take turns in one run; what is compared are ratios within a round.
 */
import { CONFIGS, Pauses, type SampleShape } from '@lacuna/core';
import { bareKernels, peakLoop } from './bare-kernels.ts';
import { type OtherBackend, type OtherName, prepareOther } from './other-backend.ts';
import { startPytorch } from './pytorch.ts';
import { median } from './timing.ts';
import { checkedWarmUp, preparedStep, stepFlops } from './training-step.ts';

export const TRAIN_SHAPE: SampleShape = { config: CONFIGS.bench, batchSize: 32, length: 128, ratio: 0.3 };

export interface TrainReport {
  readonly config: string;
  /** Texts a step. */
  readonly batchSize: number;
  /** Tokens a text. */
  readonly length: number;
  readonly backend: string;
  readonly lanes: number;
  readonly tokensPerSecond: number;
  /** Effective: products only, nothing that is computed twice. */
  readonly gflops: number;
  /** Of the peak times the lanes. */
  readonly ofPeak: number;
  readonly peakGflops: number;
  /** Over one lane in the same run. */
  readonly speedup?: number;
  /** The same step on another backend, in turns with ours. */
  readonly other?: OtherBackend;
  /** On as many threads as lanes. */
  readonly pytorchTokensPerSecond?: number;
  readonly pytorchRatio?: number;
  readonly missing: readonly string[];
}

export interface TrainBenchOptions {
  readonly lanes: number;
  readonly kernels: 'auto' | 'simd' | 'relaxed';
  /** Another backend to stand beside ours. */
  readonly other?: OtherName | undefined;
  readonly rounds?: number;
  /** The default's name, or that of `shape`'s config. */
  readonly config?: string;
  readonly shape?: SampleShape;
  readonly onRound?: (round: number, rounds: number) => void;
  readonly signal?: AbortSignal;
}

export async function benchTrain({
  lanes,
  kernels,
  other: otherName,
  rounds = 7,
  config = 'bench',
  shape = TRAIN_SHAPE,
  onRound,
  signal,
}: TrainBenchOptions): Promise<TrainReport> {
  const tokens = shape.batchSize * shape.length;
  const bare = await bareKernels(1024);
  const peak = peakLoop(bare, bare.start);
  const ours = await preparedStep(shape, lanes, kernels);
  const single = lanes > 1 ? await preparedStep(shape, 1, kernels) : undefined;
  const other = otherName && (await prepareOther(shape, otherName));
  const pytorch = await startPytorch(shape, lanes);
  try {
    const flops = stepFlops(shape, ours.batch);
    if (pytorch.step) await checkedWarmUp('PyTorch', shape.config, pytorch.step);
    const seconds: Record<'ours' | 'single' | 'other' | 'pytorch' | 'peak', number[]> = {
      ours: [],
      single: [],
      other: [],
      pytorch: [],
      peak: [],
    };
    const pauses = new Pauses();
    for (let round = 0; round < rounds; round++) {
      await pauses.take(signal);
      seconds.peak.push((await timed(() => repeat(PEAK_RUNS, peak.run))) / PEAK_RUNS);
      seconds.ours.push(await timed(() => ours.step()));
      if (single) seconds.single.push(await timed(() => single.step()));
      if (other) seconds.other.push(await timed(other.step));
      if (pytorch.step) seconds.pytorch.push(await timed(pytorch.step));
      onRound?.(round + 1, rounds);
    }
    const best = median(seconds.ours);
    const peakGflops = median(seconds.peak.map((s) => peak.flops / s / 1e9));
    const ratio = (other: readonly number[]) => median(other.map((s, i) => s / (seconds.ours[i] as number)));
    return {
      config,
      batchSize: shape.batchSize,
      length: shape.length,
      backend: 'wasm',
      lanes,
      tokensPerSecond: tokens / best,
      gflops: flops / best / 1e9,
      ofPeak: median(seconds.ours.map((s, i) => (flops / s) * ((seconds.peak[i] as number) / peak.flops))) / lanes,
      peakGflops,
      ...(single ? { speedup: ratio(seconds.single) } : {}),
      ...(other
        ? {
            other: {
              ...(await other.facts()),
              tokensPerSecond: tokens / median(seconds.other),
              ratio: ratio(seconds.other),
            },
          }
        : {}),
      ...(pytorch.step
        ? { pytorchTokensPerSecond: tokens / median(seconds.pytorch), pytorchRatio: ratio(seconds.pytorch) }
        : {}),
      missing: pytorch.reason === undefined ? [] : [`PyTorch (${pytorch.reason})`],
    };
  } finally {
    pytorch.close();
    await ours.group.close();
    await single?.group.close();
    await other?.close();
  }
}

/** Runs of the peak loop a round: some 30 ms. */
const PEAK_RUNS = 1000;

function repeat(times: number, run: () => unknown): void {
  for (let i = 0; i < times; i++) run();
}

async function timed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
}
