/** What one step of a model sees: plain host arrays, so that a batch can be sliced and posted between threads. */

/** Sequences with gaps. Every row has the same number of visible tokens and of gaps: dense, no padding. */
export interface MaskedBatch {
  readonly kind: 'masked';
  readonly batchSize: number;
  /** Visible tokens a row, Tv. */
  readonly visibleLength: number;
  /** Gaps a row, G. Tv + G is the sequence's length. */
  readonly gapLength: number;
  /** (B·Tv), in order of position. */
  readonly visibleIds: Int32Array;
  /** Original positions, (B·Tv). */
  readonly visiblePositions: Int32Array;
  /** Original positions, (B·G), in order. */
  readonly gapPositions: Int32Array;
  /** The removed tokens, (B·G); −100 where there is nothing to compare with. */
  readonly labels: Int32Array;
}

/** Whole texts, right-padded, with targets for a classifier. */
export interface TextBatch {
  readonly kind: 'text';
  readonly batchSize: number;
  /** The padded length, T. */
  readonly length: number;
  /** (B·T), padded with the config's `padTokenId`. */
  readonly inputIds: Int32Array;
  /** Tokens of each text, (B), at least 1. */
  readonly lengths: Int32Array;
  /** Original positions, (B·T), where tokens were removed; 0, 1, … in each text without. */
  readonly positions?: Int32Array;
  /** (B·K): one-hot or soft for a single label, 0/1 a label for multi-label. Empty at inference. */
  readonly targets: Float32Array;
}

export type Batch = MaskedBatch | TextBatch;

/** Rows [from, to) of a batch. Copies. */
export function sliceBatch<T extends Batch>(batch: T, from: number, to: number): T;
export function sliceBatch(batch: Batch, from: number, to: number): Batch {
  const rows = <A extends Int32Array | Float32Array>(array: A): A => {
    const width = array.length / batch.batchSize;
    return array.slice(from * width, to * width) as A;
  };
  const batchSize = to - from;
  if (batch.kind === 'masked') {
    return {
      ...batch,
      batchSize,
      visibleIds: rows(batch.visibleIds),
      visiblePositions: rows(batch.visiblePositions),
      gapPositions: rows(batch.gapPositions),
      labels: rows(batch.labels),
    };
  }
  return {
    ...batch,
    batchSize,
    inputIds: rows(batch.inputIds),
    lengths: rows(batch.lengths),
    ...(batch.positions ? { positions: rows(batch.positions) } : {}),
    targets: rows(batch.targets),
  };
}

/**
 * For each gap the row, among the B·Tv visible rows, of the nearest visible token to its left and to its right;
 * −1 where there is none. Each (B·G).
 */
export function nearestVisible(batch: MaskedBatch): { left: Int32Array; right: Int32Array } {
  const { batchSize, visibleLength, gapLength, visiblePositions, gapPositions } = batch;
  const left = new Int32Array(batchSize * gapLength).fill(-1);
  const right = new Int32Array(batchSize * gapLength).fill(-1);
  for (let b = 0; b < batchSize; b++) {
    let next = b * visibleLength;
    const end = next + visibleLength;
    for (let g = b * gapLength; g < (b + 1) * gapLength; g++) {
      const at = gapPositions[g] as number;
      while (next < end && (visiblePositions[next] as number) < at) next++;
      if (next > b * visibleLength) left[g] = next - 1;
      if (next < end) right[g] = next;
    }
  }
  return { left, right };
}
