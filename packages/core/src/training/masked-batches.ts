/** Windows of text with gaps, as a trainer and an evaluation take them: sizes, ratios and masks follow the recipe. */
import { type MaskingOptions, maskWindows } from '../masking/masking.ts';
import { maskingRatio, type RatioSchedule } from '../masking/schedule.ts';
import type { MaskedBatch } from '../model/batch.ts';
import { Random, type RandomState } from '../random/random.ts';
import { type BatchSource, type Prepared, type Ramp, rampAt, switchAt } from './batches.ts';
import { type Json, STREAMS } from './state.ts';

/** A deterministic stream of token windows: `WindowStream`, or anything that can be found again from its state. */
export interface Windows {
  /** (count · length) ids; with `once` fewer where the text's first pass ends. */
  next(count: number, length: number, once?: boolean): Promise<Int32Array>;
  /** Throws where a text cannot give windows of `length`. */
  requireLength?(length: number): Promise<void>;
  readonly state: unknown;
}

/** What masking needs of a tokenizer. */
export interface Vocabulary {
  isSpecial(id: number): boolean;
  /** Whether the piece goes on within a word (`##…`). */
  isContinuation(id: number): boolean;
}

export interface MaskedBatchOptions {
  readonly seed: number;
  /** Tokens a batch. */
  readonly batchTokens: Ramp;
  /** Tokens a window; of two, the second from half of the budget on. */
  readonly length: Ramp;
  readonly ratio: RatioSchedule;
  readonly spans: readonly [number, number];
  readonly wholeWords: boolean;
}

/** Masking's options from a tokenizer. */
export function vocabularyMasking(vocabulary: Vocabulary): Pick<MaskingOptions, 'isSpecial' | 'isContinuation'> {
  return {
    isSpecial: (id) => vocabulary.isSpecial(id),
    isContinuation: (id) => vocabulary.isContinuation(id),
  };
}

/** Batches for pre-training. `state` is what `MaskedBatches.state` gave; windows must stand there already. */
export class MaskedBatches implements BatchSource {
  readonly #windows: Windows;
  readonly #masking: ReturnType<typeof vocabularyMasking>;
  readonly #options: MaskedBatchOptions;
  readonly #random: Random;
  #lengthChecked = false;

  constructor(windows: Windows, vocabulary: Vocabulary, options: MaskedBatchOptions, state?: Json) {
    this.#windows = windows;
    this.#masking = vocabularyMasking(vocabulary);
    this.#options = options;
    const masking = (state as { masking: RandomState } | undefined)?.masking;
    this.#random = masking ? Random.from(masking) : new Random(options.seed, STREAMS.masking);
  }

  get state(): Json {
    const { key, counter } = this.#random.state;
    return { windows: this.#windows.state as Json, masking: { key, counter } };
  }

  async next(fraction: number): Promise<Prepared> {
    const { batchTokens, ratio: schedule, spans, wholeWords } = this.#options;
    const length = switchAt(this.#options.length, fraction);
    if (!this.#lengthChecked) {
      // A text that is too short for the windows of the second half would end the run there.
      await this.#windows.requireLength?.(longestOf(this.#options.length));
      this.#lengthChecked = true;
    }
    const rows = Math.max(1, Math.round(rampAt(batchTokens, fraction) / length));
    const ids = await this.#windows.next(rows, length);
    const ratio = maskingRatio(schedule, fraction, this.#random);
    const batch = maskWindows(ids, rows, length, { ratio, spans, wholeWords, ...this.#masking }, this.#random);
    return { batch, ratio: batch.gapLength / length, state: this.state };
  }
}

function longestOf(length: Ramp): number {
  return typeof length === 'number' ? length : Math.max(...length);
}

/** The windows' part of a data state. */
export function windowsState(data: Json | undefined): Json | undefined {
  return (data as { windows: Json } | undefined)?.windows;
}

export interface HeldOutOptions {
  /** Windows in all; fewer of a text that holds fewer. */
  readonly windows: number;
  readonly length: number;
  readonly ratio: number;
  readonly seed: number;
  /** Rows a batch; 32 by default. */
  readonly batchSize?: number;
  readonly spans?: readonly [number, number];
}

/** The same batches for the same seed: what a run, or two models, are compared on. */
export async function heldOutBatches(
  windows: Windows,
  vocabulary: Vocabulary,
  { windows: count, length, ratio, seed, batchSize = 32, spans = [1, 1] }: HeldOutOptions,
): Promise<MaskedBatch[]> {
  const random = new Random(seed, STREAMS.heldOut);
  const masking = { ratio, spans, ...vocabularyMasking(vocabulary) };
  const batches: MaskedBatch[] = [];
  for (let done = 0; done < count; ) {
    const ids = await windows.next(Math.min(batchSize, count - done), length, true);
    const rows = ids.length / length;
    if (rows === 0) break;
    batches.push(maskWindows(ids, rows, length, masking, random));
    done += rows;
  }
  return batches;
}
