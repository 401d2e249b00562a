/**
 * The training loop, as an async generator of events: the command line, a browser worker and the page are listeners,
 * and saving a checkpoint is a listener too. It prepares the next batch while the lanes compute.
 */
import { LacunaError } from '../errors.ts';
import type { Batch } from '../model/batch.ts';
import type { OptimizerOptions } from '../optim/adamw.ts';
import {
  type Budget,
  checkBudget,
  isDue,
  type LearningRateSchedule,
  learningRateAt,
  type Progress,
  spent,
} from '../optim/schedule.ts';
import type { BatchSource, Prepared } from './batches.ts';
import { addScores, type Metrics, metricsOf } from './evaluation.ts';
import type { StepOptions, StepResult, WeightChoice } from './lane.ts';
import type { LaneGroup } from './lanes.ts';
import { Pauses } from './pauses.ts';
import type { TrainingState } from './state.ts';
import { tokensOf } from './task.ts';

/** Steps between two reports where a report has to wait for a device. */
const REPORT_EVERY = 10;

export interface TrainOptions {
  /** The lanes, with the starting state written into them. */
  readonly lanes: LaneGroup;
  readonly batches: BatchSource;
  readonly budget: Budget;
  readonly learningRate: LearningRateSchedule;
  readonly optimizer: OptimizerOptions;
  readonly seed: number;
  /** Tokens a lane takes in one pass; 4096 by default. Longer batches are summed over several passes. */
  readonly passTokens?: number;
  /** Held-out batches and how often to score them; they are scored at the end as well, unless the signal came. */
  readonly evaluation?: { readonly batches: readonly Batch[]; readonly every?: Budget };
  /** How often to ask for a checkpoint; one is asked for at the end and on abort in any case. */
  readonly checkpointEvery?: Budget;
  /** Asked after every step: whether someone wants a checkpoint now. */
  readonly wantsCheckpoint?: () => boolean;
  /** Where a resumed run stands. */
  readonly start?: Progress;
  readonly signal?: AbortSignal;
  /** Milliseconds; `performance.now` by default. */
  readonly now?: () => number;
}

/** A step's; on a backend that computes on its own, that of the ten steps up to this one. */
export interface ProgressEvent extends Progress {
  readonly type: 'progress';
  readonly loss: number;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Over the last 20 steps or so, evaluation not counted. */
  readonly tokensPerSecond: number;
  readonly etaSeconds: number;
  /** Share of the budget that is spent, 0 to 1. */
  readonly fraction: number;
  /** Share of removed tokens in this batch; absent for whole texts. */
  readonly ratio?: number;
}

export interface EvaluationEvent extends Progress {
  readonly type: 'evaluation';
  readonly metrics: Metrics;
  readonly weights: WeightChoice;
}

/** A moment to save: the state is as of now, so read it before asking for the next event. */
export interface CheckpointEvent extends Progress {
  readonly type: 'checkpoint';
  readonly reason: 'interval' | 'asked' | 'end' | 'aborted';
  state(): Promise<TrainingState>;
}

export interface DoneEvent extends Progress {
  readonly type: 'done';
  /** False when the signal stopped the run: it can be resumed from the checkpoint before this event. */
  readonly complete: boolean;
  readonly metrics?: Metrics;
}

export type TrainingEvent = ProgressEvent | EvaluationEvent | CheckpointEvent | DoneEvent;

/** Trains until the budget is spent, the data ends or the signal aborts. Throws `loss_not_finite`, `lane_failed`. */
export async function* train(options: TrainOptions): AsyncGenerator<TrainingEvent, void, void> {
  const { lanes, batches, budget, optimizer, seed, signal, evaluation } = options;
  checkBudget('train', budget);
  const now = options.now ?? (() => performance.now());
  const passTokens = options.passTokens ?? 4096;
  const weights: WeightChoice = optimizer.ema > 0 ? 'ema' : 'parameters';
  let progress = options.start ?? { step: 0, tokens: 0, seconds: 0 };
  const started = now() - progress.seconds * 1000;
  const pauses = new Pauses();
  const speed = new Speed();
  let dataState = batches.state;
  let metrics: Metrics | undefined;
  let unreported = false;

  const prepare = async (at: Progress): Promise<Prepared | undefined> =>
    spent(budget, at) < 1 ? batches.next(Math.min(1, spent(budget, at))) : undefined;
  /** Yields nothing where there is nothing to score or the signal came in between. */
  async function* evaluate(): AsyncGenerator<EvaluationEvent, void, void> {
    if (!evaluation || evaluation.batches.length === 0) return;
    const sums = [];
    for (const batch of evaluation.batches) {
      if (signal?.aborted) return;
      sums.push(await lanes.score(batch, weights, passTokens));
      await pauses.take();
    }
    metrics = metricsOf(addScores(sums));
    yield { type: 'evaluation', ...progress, metrics, weights };
  }
  /** What has been trained since the last report, if anything: read before it is saved or scored. */
  async function* settle(rate: number, ratio?: number): AsyncGenerator<ProgressEvent, void, void> {
    if (unreported && lanes.ahead) yield told(await lanes.ahead.report(), rate, ratio);
  }
  /** The event of a report; throws where it is not finite. */
  const told = ({ loss, gradientNorm }: StepResult, learningRate: number, ratio?: number): ProgressEvent => {
    unreported = false;
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new LacunaError(
        'loss_not_finite',
        `train: loss must be finite, got ${loss} (gradient norm ${gradientNorm}) at step ${progress.step}. ` +
          'The weights are those before the step; try a lower learning rate.',
        { step: progress.step, loss, gradientNorm, learningRate },
      );
    }
    return {
      type: 'progress',
      ...progress,
      loss,
      learningRate,
      gradientNorm,
      tokensPerSecond: speed.tokensPerSecond,
      etaSeconds: etaSeconds(budget, progress, speed),
      fraction: Math.min(1, spent(budget, progress)),
      ...(ratio === undefined ? {} : { ratio }),
    };
  };
  const checkpoint = (reason: CheckpointEvent['reason']): CheckpointEvent => {
    const saved = { ...progress, data: dataState };
    return {
      type: 'checkpoint',
      ...progress,
      reason,
      state: async () => ({ ...saved, lanes: lanes.lanes, ...(await lanes.read()) }),
    };
  };

  let prepared = await prepare(progress);
  while (prepared && !signal?.aborted) {
    const { batch, ratio } = prepared;
    const before = progress;
    const tokens = tokensOf(batch);
    const after = { step: before.step + 1, tokens: before.tokens + tokens, seconds: before.seconds };
    const half = Math.min(1, (spent(budget, before) + spent(budget, after)) / 2);
    const rate = learningRateAt(half, after.step, options.learningRate);
    const step: StepOptions = { step: after.step, learningRate: rate, optimizer, seed, passTokens };
    const begun = now();
    const ahead = lanes.ahead !== undefined && after.step % REPORT_EVERY !== 0;
    const stepping = ahead && lanes.ahead ? lanes.ahead.step(batch, step) : lanes.step(batch, step);
    const upcoming = prepare({ ...after, seconds: (begun - started) / 1000 });
    upcoming.catch(() => {}); // a failing lane is reported first; the await below reports the rest
    const result = await stepping;
    progress = { ...after, seconds: (now() - started) / 1000 };
    dataState = prepared.state;
    speed.add(tokens, (now() - begun) / 1000);
    if (result) yield told(result, rate, ratio);
    else unreported = true;
    prepared = await upcoming;
    const due = (every: Budget | undefined) => every !== undefined && isDue(every, before, progress);
    const [timely, scores] = [due(options.checkpointEvery), due(evaluation?.every)];
    const saves = timely || (options.wantsCheckpoint?.() ?? false);
    if (!prepared || signal?.aborted || saves || scores) yield* settle(rate, ratio);
    // What was learned is safe before it is scored.
    if (prepared && saves) yield checkpoint(timely ? 'interval' : 'asked');
    if (prepared && scores) yield* evaluate();
    await pauses.take();
    // The signal may have come in that pause.
    if (signal?.aborted) yield* settle(rate, ratio);
  }
  const complete = !prepared;
  yield checkpoint(complete ? 'end' : 'aborted');
  if (complete) yield* evaluate();
  yield { type: 'done', ...progress, complete, ...(metrics ? { metrics } : {}) };
}

/** Tokens and steps a second, over an exponential window of about 20 steps. */
class Speed {
  #tokens = 0;
  #seconds = 0;
  #steps = 0;

  add(tokens: number, seconds: number): void {
    const keep = 0.95;
    this.#tokens = keep * this.#tokens + tokens;
    this.#seconds = keep * this.#seconds + seconds;
    this.#steps = keep * this.#steps + 1;
  }

  get tokensPerSecond(): number {
    return this.#seconds > 0 ? this.#tokens / this.#seconds : 0;
  }

  get secondsPerStep(): number {
    return this.#steps > 0 ? this.#seconds / this.#steps : 0;
  }
}

function etaSeconds(budget: Budget, progress: Progress, speed: Speed): number {
  const rest =
    'tokens' in budget
      ? (budget.tokens - progress.tokens) / speed.tokensPerSecond
      : 'steps' in budget
        ? (budget.steps - progress.step) * speed.secondsPerStep
        : budget.minutes * 60 - progress.seconds;
  return Math.max(0, rest);
}
