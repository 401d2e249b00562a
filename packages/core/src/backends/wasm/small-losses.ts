/** Losses over a few numbers a row, in plain TypeScript on float64: nothing here is worth a kernel. */

/** Mean over rows of −Σ target · log softmax(logits). */
export function softmaxCrossEntropy(logits: Float32Array, targets: Float32Array, K: number): number {
  let loss = 0;
  for (let row = 0; row < logits.length; row += K) {
    const lse = logSumExp(logits, row, K);
    for (let i = row; i < row + K; i++) loss += (targets[i] as number) * (lse - (logits[i] as number));
  }
  return loss / (logits.length / K);
}

/** log Σ exp of the K values from `row`. */
export function logSumExp(values: Float32Array, row: number, K: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = row; i < row + K; i++) most = Math.max(most, values[i] as number);
  let sum = 0;
  for (let i = row; i < row + K; i++) sum += Math.exp((values[i] as number) - most);
  return most + Math.log(sum);
}

/** Mean over elements of log(1 + e^x) − target·x, written so that nothing overflows. */
export function binaryCrossEntropy(logits: Float32Array, targets: Float32Array): number {
  let loss = 0;
  for (let i = 0; i < logits.length; i++) {
    const x = logits[i] as number;
    loss += Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - (targets[i] as number) * x;
  }
  return loss / logits.length;
}

export function meanSquaredError(x: Float32Array, target: Float32Array): number {
  let loss = 0;
  for (let i = 0; i < x.length; i++) loss += ((x[i] as number) - (target[i] as number)) ** 2;
  return loss / x.length;
}

/** Dot product and lengths of row `row` (its first element) of two tensors; lengths are at least 1e-12. */
export function cosineParts(x: Float32Array, target: Float32Array, row: number, C: number) {
  let dot = 0;
  let xx = 0;
  let tt = 0;
  for (let i = row; i < row + C; i++) {
    const a = x[i] as number;
    const b = target[i] as number;
    dot += a * b;
    xx += a * a;
    tt += b * b;
  }
  return { dot, x: Math.max(Math.sqrt(xx), 1e-12), target: Math.max(Math.sqrt(tt), 1e-12) };
}

/** Mean over rows of 1 − cos(x, target). */
export function cosineLoss(x: Float32Array, target: Float32Array, C: number): number {
  let loss = 0;
  for (let row = 0; row < x.length; row += C) {
    const parts = cosineParts(x, target, row, C);
    loss += 1 - parts.dot / (parts.x * parts.target);
  }
  return loss / (x.length / C);
}
