/**
 * What is made of logits, one row a gap: losses, ranks and a teacher's targets. A chunk of rows is alive at a time.
 *
 *   logits (rows, stride): V values and padding a row; stride is V rounded up to 4
 */
import { exp4 } from './math';
import { MINUS_INFINITY, padRow, rowMax, sumOfExponentials } from './softmax';

/** e^x of one number, by the same polynomial as the rows. */
// @ts-ignore: decorator
@inline
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** The natural logarithm, through f64. */
// @ts-ignore: decorator
@inline
export function log1(x: f64): f64 {
  return NativeMath.log(x);
}

/** The largest K entries of a row swap places with the values in `saved`: 0 to take them out, again to put them back. */
// @ts-ignore: decorator
@inline
export function swapEntries(K: i32, row: usize, indices: usize, saved: usize): void {
  for (let j: usize = 0; j < (<usize>K) << 2; j += 4) {
    const at = row + ((<usize>i32.load(indices + j)) << 2);
    const value = f32.load(at);
    f32.store(at, f32.load(saved + j));
    f32.store(saved + j, value);
  }
}

/** Fills `saved` with what stands for nothing. */
// @ts-ignore: decorator
@inline
export function clearSaved(K: i32, saved: usize): void {
  for (let j: usize = 0; j < (<usize>K) << 2; j += 4) f32.store(saved + j, MINUS_INFINITY);
}

/** Σ t·(log t − log s) over K + 1 buckets; exponentials of the K are at `saved`, `rest` is the others' sum. */
export function divergence(K: i32, most: f32, inverseT: f32, saved: usize, targets: usize, rest: f32, total: f32): f64 {
  let sum: f64 = 0;
  for (let j: usize = 0; j < (<usize>K) << 2; j += 4) {
    const t = <f64>f32.load(targets + j);
    if (t > 0) sum += t * (log1(t) - <f64>((f32.load(saved + j) - most) * inverseT) + log1(<f64>total));
  }
  const t = <f64>f32.load(targets + ((<usize>K) << 2));
  if (t > 0) sum += t * (log1(t) - log1(<f64>max<f32>(rest, 1e-37)) + log1(<f64>total));
  return sum;
}

/**
 * Σ over the rows whose label is ≥ 0 of hard·cross-entropy + zLoss·logsumexp² + soft·T²·KL (K 0: no soft targets;
 * indices (rows, K) int32, targets (rows, K + 1)). `saved` holds K floats.
 */
export function vocabularyLossRows(
  rows: i32,
  V: i32,
  logits: usize,
  stride: i32,
  labels: usize,
  hard: f32,
  zLoss: f32,
  K: i32,
  indices: usize,
  targets: usize,
  temperature: f32,
  soft: f32,
  saved: usize,
): f64 {
  let loss: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const row = logits + ((<usize>r * <usize>stride) << 2);
    const label = i32.load(labels + ((<usize>r) << 2));
    if (label < 0) continue;
    padRow(V, row);
    const most = rowMax(V, row);
    const lse = <f64>most + log1(<f64>sumOfExponentials(V, row, most, 1));
    loss += <f64>hard * (lse - <f64>f32.load(row + ((<usize>label) << 2))) + <f64>zLoss * lse * lse;
    if (K == 0) continue;
    const inverseT = <f32>1 / temperature;
    const rowIndices = indices + ((<usize>(r * K)) << 2);
    clearSaved(K, saved);
    swapEntries(K, row, rowIndices, saved);
    const rest = sumOfExponentials(V, row, most, inverseT);
    let total = rest;
    for (let j: usize = 0; j < (<usize>K) << 2; j += 4) total += exp1((f32.load(saved + j) - most) * inverseT);
    const kl = divergence(K, most, inverseT, saved, targets + ((<usize>(r * (K + 1))) << 2), rest, total);
    swapEntries(K, row, rowIndices, saved);
    loss += <f64>(soft * temperature * temperature) * kl;
  }
  return loss;
}

/**
 * to (rows, 2) = how many logits come before the label's, and the cross-entropy; (−1, 0) where the label is below 0.
 * Larger ones come before it, and equal ones of a lower index; a NaN comes last.
 */
export function vocabularyRankRows(rows: i32, V: i32, logits: usize, stride: i32, labels: usize, to: usize): void {
  for (let r = 0; r < rows; r++) {
    const row = logits + ((<usize>r * <usize>stride) << 2);
    const label = i32.load(labels + ((<usize>r) << 2));
    if (label < 0) {
      f32.store(to, -1);
      f32.store(to, 0, 4);
    } else {
      padRow(V, row);
      const own = f32.load(row + ((<usize>label) << 2));
      const owns = f32x4.splat(own);
      const whole = label & ~3;
      let before = i32x4.splat(0);
      for (let i = 0; i < whole; i += 4) before = i32x4.sub(before, f32x4.ge(v128.load(row + ((<usize>i) << 2)), owns));
      for (let i = whole; i < V; i += 4) before = i32x4.sub(before, f32x4.gt(v128.load(row + ((<usize>i) << 2)), owns));
      let count =
        i32x4.extract_lane(before, 0) +
        i32x4.extract_lane(before, 1) +
        i32x4.extract_lane(before, 2) +
        i32x4.extract_lane(before, 3);
      for (let i = whole; i < label; i++) if (f32.load(row + ((<usize>i) << 2)) == own) count++;
      if (own != own) count = V - 1;
      const most = rowMax(V, row);
      f32.store(to, <f32>count);
      f32.store(to, <f32>(<f64>most + log1(<f64>sumOfExponentials(V, row, most, 1)) - <f64>own), 4);
    }
    to += 8;
  }
}

/**
 * indices (rows, K) = the K largest logits, largest first, the lower index first among equals; probabilities
 * (rows, K + 1) = their softmax at `temperature`, the last column what is left. `saved` holds K floats.
 */
export function topTargetRows(
  rows: i32,
  V: i32,
  logits: usize,
  stride: i32,
  K: i32,
  temperature: f32,
  indices: usize,
  probabilities: usize,
  saved: usize,
): void {
  const inverseT = <f32>1 / temperature;
  for (let r = 0; r < rows; r++) {
    const row = logits + ((<usize>r * <usize>stride) << 2);
    padRow(V, row);
    largest(V, row, K, indices, saved);
    const most = f32.load(saved);
    clearSaved(K, saved);
    swapEntries(K, row, indices, saved);
    const rest = sumOfExponentials(V, row, most, inverseT);
    let total = rest;
    for (let j: usize = 0; j < (<usize>K) << 2; j += 4) {
      const e = exp1((f32.load(saved + j) - most) * inverseT);
      f32.store(probabilities + j, e);
      total += e;
    }
    const restAt = probabilities + ((<usize>K) << 2);
    f32.store(restAt, K < V ? rest : 0);
    for (let at = probabilities; at <= restAt; at += 4) f32.store(at, f32.load(at) / total);
    indices += (<usize>K) << 2;
    probabilities = restAt + 4;
  }
}

/** The K largest of a padded row by insertion: most vectors hold nothing above the smallest kept and are passed over. */
function largest(V: i32, row: usize, K: i32, indices: usize, values: usize): void {
  let kept = 0;
  let least: f32 = MINUS_INFINITY;
  for (let i = 0; i < V; i += 4) {
    const at = row + ((<usize>i) << 2);
    if (kept == K && !v128.any_true(f32x4.gt(v128.load(at), f32x4.splat(least)))) continue;
    for (let j = i; j < min(i + 4, V); j++) {
      const value = f32.load(row + ((<usize>j) << 2));
      if (kept == K && value <= least) continue;
      let place = kept < K ? kept++ : K - 1;
      while (place > 0 && f32.load(values + ((<usize>(place - 1)) << 2)) < value) {
        const to = (<usize>place) << 2;
        f32.store(values + to, f32.load(values + to - 4));
        i32.store(indices + to, i32.load(indices + to - 4));
        place--;
      }
      f32.store(values + ((<usize>place) << 2), value);
      i32.store(indices + ((<usize>place) << 2), j);
      if (kept == K) least = f32.load(values + ((<usize>(K - 1)) << 2));
    }
  }
}
