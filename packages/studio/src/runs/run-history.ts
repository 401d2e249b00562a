/** A run's curves as it went: points that get sparser as there are more of them, so that a day of training fits as well. */
import type { EvaluationEvent, Metrics, ProgressEvent } from '@lacuna/client/training';

export interface HistoryPoint {
  readonly step: number;
  readonly seconds: number;
  readonly loss: number;
  readonly tokensPerSecond: number;
}

export interface EvaluationPoint {
  readonly step: number;
  readonly seconds: number;
  /** Share of gaps, or of texts, that were right. */
  readonly accuracy: number;
  readonly crossEntropy: number;
}

export interface RunHistory {
  readonly points: readonly HistoryPoint[];
  readonly evaluations: readonly EvaluationPoint[];
}

/** Above it neighbours are averaged in pairs. */
export const MOST_POINTS = 400;

export class HistoryRecorder {
  #points: HistoryPoint[];
  #evaluations: EvaluationPoint[];
  /** Progress events that make a point. */
  #stride = 1;
  #pending: HistoryPoint[] = [];

  constructor({ points, evaluations }: RunHistory = { points: [], evaluations: [] }) {
    this.#points = [...points];
    this.#evaluations = [...evaluations];
  }

  /** What came after a checkpoint is learned again, and told again. */
  rewind(step: number): void {
    this.#pending = [];
    this.#points = this.#points.filter((point) => point.step <= step);
    this.#evaluations = this.#evaluations.filter((point) => point.step <= step);
  }

  progress({ step, seconds, loss, tokensPerSecond }: ProgressEvent): void {
    this.#pending.push({ step, seconds, loss, tokensPerSecond });
    if (this.#pending.length < this.#stride) return;
    this.#points.push(meanOf(this.#pending));
    this.#pending = [];
    if (this.#points.length <= MOST_POINTS) return;
    const halved: HistoryPoint[] = [];
    for (let i = 0; i < this.#points.length; i += 2) halved.push(meanOf(this.#points.slice(i, i + 2)));
    this.#points = halved;
    this.#stride *= 2;
  }

  evaluation({ step, seconds, metrics }: EvaluationEvent): void {
    this.#evaluations.push({ step, seconds, accuracy: accuracyOf(metrics), crossEntropy: metrics.crossEntropy });
  }

  get history(): RunHistory {
    return { points: this.#points.slice(), evaluations: this.#evaluations.slice() };
  }
}

/** The right answers' share: of removed tokens, or of texts. */
export function accuracyOf(metrics: Metrics): number {
  return 'accuracy' in metrics ? metrics.accuracy : metrics.top1;
}

function meanOf(points: readonly HistoryPoint[]): HistoryPoint {
  const last = points[points.length - 1] as HistoryPoint;
  const mean = (of: (point: HistoryPoint) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  return { ...last, loss: mean(({ loss }) => loss), tokensPerSecond: mean(({ tokensPerSecond }) => tokensPerSecond) };
}
