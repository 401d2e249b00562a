/**
 * Removes a share of every window: spans of words or tokens, never special tokens, the same number of gaps in every
 * row, drawn anew from the `Random` passed in. Between windows and the model on the road.
 */
import { LacunaError } from '../errors.ts';
import type { MaskedBatch } from '../model/batch.ts';
import type { Random } from '../random/random.ts';
import { checkRatio } from './schedule.ts';

export interface MaskingOptions {
  /** Share of the T tokens to remove, 0.05 to 0.95. */
  readonly ratio: number;
  /** Shortest and longest span, in words with `wholeWords`, else in tokens. Default [1, 3]. */
  readonly spans?: readonly [number, number];
  /** Take words whole: a piece never goes without the rest of its word. Default false. */
  readonly wholeWords?: boolean;
  readonly isSpecial: (id: number) => boolean;
  /** Whether an id is a word's second or later piece (`##…`). */
  readonly isContinuation: (id: number) => boolean;
}

/** What a loss ignores, as in `MaskedBatch.labels`. */
export const IGNORED_LABEL = -100;

/** Gaps in a row of `length` tokens: round(ratio · T), at least 1 and at most T − 1. */
export function gapCount(ratio: number, length: number): number {
  return Math.min(length - 1, Math.max(1, Math.round(checkRatio(ratio) * length)));
}

/**
 * Masks `ids` (B·T), every row with exactly `gapCount(ratio, length)` gaps.
 *
 * A row draws anchors in random order; around each a span is laid, its length uniform in `spans`, broken at special
 * tokens, at spans laid before and where the count is full. With `wholeWords`, a word that no longer fits is passed
 * over; only when no word that is left fits, the head of one fills the count. A row with fewer ordinary tokens than
 * gaps gives up special tokens too, last to first, with the label −100, so that nothing is learned from them.
 *
 * @throws `invalid_argument` for a wrong size or span, `masking_ratio_out_of_range`.
 */
export function maskWindows(
  ids: Int32Array,
  batchSize: number,
  length: number,
  options: MaskingOptions,
  random: Random,
): MaskedBatch {
  checkSize(ids, batchSize, length);
  const spans = options.spans ?? [1, 3];
  if (!Number.isInteger(spans[0]) || !Number.isInteger(spans[1]) || spans[0] < 1 || spans[1] < spans[0]) {
    throw new LacunaError('invalid_argument', `masking: expected spans [least, most] from 1 up, got [${spans}].`, {
      spans,
    });
  }
  const count = gapCount(options.ratio, length);
  const removed = new Uint8Array(batchSize * length);
  for (let b = 0; b < batchSize; b++) {
    const row = ids.subarray(b * length, (b + 1) * length);
    maskRow(row, count, spans, options, random, removed.subarray(b * length, (b + 1) * length));
  }
  return batchWithGaps(ids, batchSize, length, removed, options.isSpecial);
}

/** Masks the given positions, (B·G) in ascending order a row: for evaluation and for text with its own gaps. */
export function maskPositions(
  ids: Int32Array,
  batchSize: number,
  length: number,
  positions: Int32Array,
  isSpecial: (id: number) => boolean = () => false,
): MaskedBatch {
  checkSize(ids, batchSize, length);
  const removed = new Uint8Array(batchSize * length);
  const count = positions.length / batchSize;
  positions.forEach((at, i) => {
    if (!Number.isInteger(at) || at < 0 || at >= length || count >= length || !Number.isInteger(count)) {
      throw new LacunaError(
        'invalid_argument',
        `masking: expected the same number of positions from 0 to ${length - 1} for each of ${batchSize} rows, got ${at}.`,
        { position: at, length, batchSize, positions: positions.length },
      );
    }
    removed[Math.floor(i / count) * length + at] = 1;
  });
  return batchWithGaps(ids, batchSize, length, removed, isSpecial);
}

function checkSize(ids: Int32Array, batchSize: number, length: number): void {
  if (batchSize < 1 || length < 2 || ids.length !== batchSize * length) {
    throw new LacunaError(
      'invalid_argument',
      `masking: expected ${batchSize} × ${length} ids with windows of 2 or more, got ${ids.length}.`,
      { batchSize, length, ids: ids.length },
    );
  }
}

/** Marks `count` tokens of one row in `removed`. */
function maskRow(
  row: Int32Array,
  count: number,
  [least, most]: readonly [number, number],
  { wholeWords = false, isSpecial, isContinuation }: MaskingOptions,
  random: Random,
  removed: Uint8Array,
): void {
  // Units are words or tokens: starts[u] to ends[u]; two units touch when nothing special stands between them.
  const starts: number[] = [];
  const ends: number[] = [];
  for (let t = 0; t < row.length; t++) {
    const id = row[t] as number;
    if (isSpecial(id)) continue;
    if (wholeWords && isContinuation(id) && ends.at(-1) === t) ends[ends.length - 1] = t + 1;
    else {
      starts.push(t);
      ends.push(t + 1);
    }
  }
  const anchors = Int32Array.from(starts, (_, unit) => unit);
  let left = count;
  const fits = (unit: number): boolean =>
    removed[starts[unit] as number] === 0 && (ends[unit] as number) - (starts[unit] as number) <= left;
  const take = (unit: number): void => {
    removed.fill(1, starts[unit], ends[unit]);
    left -= (ends[unit] as number) - (starts[unit] as number);
  };
  for (let i = 0; i < anchors.length && left > 0; i++) {
    // One step of Fisher–Yates a span: rows need few of their anchors.
    const j = i + random.integer(anchors.length - i);
    const anchor = anchors[j] as number;
    anchors[j] = anchors[i] as number;
    anchors[i] = anchor;
    if (!fits(anchor)) continue;
    const span = least + (most > least ? random.integer(most - least + 1) : 0);
    let before = span > 1 ? random.integer(span) : 0;
    let after = span - 1 - before;
    take(anchor);
    for (let u = anchor - 1; before > 0 && u >= 0 && ends[u] === starts[u + 1] && fits(u); u--, before--) take(u);
    for (let u = anchor + 1; after > 0 && u < starts.length && starts[u] === ends[u - 1] && fits(u); u++, after--) {
      take(u);
    }
  }
  for (let i = 0; i < anchors.length && left > 0; i++) {
    const unit = anchors[i] as number;
    for (let t = starts[unit] as number; t < (ends[unit] as number) && left > 0; t++) {
      if (removed[t] !== 0) break;
      removed[t] = 1;
      left--;
    }
  }
  for (let t = row.length - 1; t >= 0 && left > 0; t--) {
    if (removed[t] !== 0) continue;
    removed[t] = 1;
    left--;
  }
}

function batchWithGaps(
  ids: Int32Array,
  batchSize: number,
  length: number,
  removed: Uint8Array,
  isSpecial: (id: number) => boolean,
): MaskedBatch {
  let gaps = 0;
  for (let t = 0; t < length; t++) gaps += removed[t] as number;
  const visibleLength = length - gaps;
  const visibleIds = new Int32Array(batchSize * visibleLength);
  const visiblePositions = new Int32Array(batchSize * visibleLength);
  const gapPositions = new Int32Array(batchSize * gaps);
  const labels = new Int32Array(batchSize * gaps);
  let v = 0;
  let g = 0;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (removed[i] === 0) {
      visibleIds[v] = id;
      visiblePositions[v++] = i % length;
    } else {
      gapPositions[g] = i % length;
      labels[g++] = isSpecial(id) ? IGNORED_LABEL : id;
    }
    if ((i + 1) % length === 0 && g !== ((i + 1) / length) * gaps) {
      throw new LacunaError('invalid_argument', 'masking: expected the same number of different gaps in every row.', {
        row: Math.floor(i / length),
      });
    }
  }
  return {
    kind: 'masked',
    batchSize,
    visibleLength,
    gapLength: gaps,
    visibleIds,
    visiblePositions,
    gapPositions,
    labels,
  };
}
