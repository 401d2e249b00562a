/** The vocabulary loss together with its gradient, which takes the place of the logits. */
import { exp4 } from './math';
import { madd } from './simd';
import { padRow, rowMax, sumOfExponentials } from './softmax';
import { clearSaved, divergence, exp1, log1, swapEntries } from './vocabulary';

/**
 * As `vocabularyLossRows`; logits become factor · ∂(sum of the rows' losses)/∂logits. Rows with a label below 0 become 0.
 *   hard and z-loss: p·(hard + 2·zLoss·logsumexp) − hard·[label]
 *   soft, q at temperature T: soft·T·(q − t) for the K, soft·T·q·(1 − t_rest/q_rest) for the rest
 */
export function vocabularyGradientRows(
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
  factor: f32,
): f64 {
  let loss: f64 = 0;
  const inverseT = <f32>1 / temperature;
  for (let r = 0; r < rows; r++) {
    const row = logits + ((<usize>r * <usize>stride) << 2);
    const label = i32.load(labels + ((<usize>r) << 2));
    if (label < 0) {
      memory.fill(row, 0, (<usize>stride) << 2);
      continue;
    }
    padRow(V, row);
    const most = rowMax(V, row);
    const sum = sumOfExponentials(V, row, most, 1);
    const lse = <f64>most + log1(<f64>sum);
    const labelAt = row + ((<usize>label) << 2);
    loss += <f64>hard * (lse - <f64>f32.load(labelAt)) + <f64>zLoss * lse * lse;
    const hardFactor = (factor * (hard + <f32>2 * zLoss * <f32>lse)) / sum;
    if (K == 0) {
      exponentialsInPlace(V, row, most, hardFactor, 0, 1);
    } else {
      const rowIndices = indices + ((<usize>(r * K)) << 2);
      const rowTargets = targets + ((<usize>(r * (K + 1))) << 2);
      clearSaved(K, saved);
      swapEntries(K, row, rowIndices, saved);
      const rest = sumOfExponentials(V, row, most, inverseT);
      let total = rest;
      for (let j: usize = 0; j < (<usize>K) << 2; j += 4) total += exp1((f32.load(saved + j) - most) * inverseT);
      loss += <f64>(soft * temperature * temperature) * divergence(K, most, inverseT, saved, rowTargets, rest, total);
      const softFactor = factor * soft * temperature;
      const restTarget = f32.load(rowTargets + ((<usize>K) << 2));
      const restFactor = softFactor * (<f32>1 / total - restTarget / max<f32>(rest, 1e-37));
      exponentialsInPlace(V, row, most, hardFactor, K < V ? restFactor : 0, inverseT);
      for (let j: usize = 0; j < (<usize>K) << 2; j += 4) {
        const centred = f32.load(saved + j) - most;
        const q = exp1(centred * inverseT) / total;
        const gradient = hardFactor * exp1(centred) + softFactor * (q - f32.load(rowTargets + j));
        f32.store(row + ((<usize>i32.load(rowIndices + j)) << 2), gradient);
      }
    }
    f32.store(labelAt, f32.load(labelAt) - factor * hard);
  }
  return loss;
}

/** x = a·e^(x − most) + b·e^((x − most)·inverseT), b 0 being common. */
function exponentialsInPlace(n: i32, x: usize, most: f32, a: f32, b: f32, inverseT: f32): void {
  const mosts = f32x4.splat(most);
  const as = f32x4.splat(a);
  if (b == 0) {
    for (let i = 0; i < n; i += 4) {
      v128.store(x, f32x4.mul(exp4(f32x4.sub(v128.load(x), mosts)), as));
      x += 16;
    }
    return;
  }
  const bs = f32x4.splat(b);
  const inverses = f32x4.splat(inverseT);
  for (let i = 0; i < n; i += 4) {
    const centred = f32x4.sub(v128.load(x), mosts);
    v128.store(x, madd(exp4(f32x4.mul(centred, inverses)), bs, f32x4.mul(exp4(centred), as)));
    x += 16;
  }
}
