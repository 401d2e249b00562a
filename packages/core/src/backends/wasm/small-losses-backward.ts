/** Gradients of the small losses with respect to their first argument, for an upstream gradient `dy`, written to `dx`. */
import { cosineParts, logSumExp } from './small-losses.ts';

export function softmaxCrossEntropyBackward(
  dy: number,
  logits: Float32Array,
  targets: Float32Array,
  K: number,
  dx: Float32Array,
): void {
  const factor = dy / (logits.length / K);
  for (let row = 0; row < logits.length; row += K) {
    const lse = logSumExp(logits, row, K);
    let mass = 0;
    for (let i = row; i < row + K; i++) mass += targets[i] as number;
    for (let i = row; i < row + K; i++) {
      dx[i] = factor * (mass * Math.exp((logits[i] as number) - lse) - (targets[i] as number));
    }
  }
}

export function binaryCrossEntropyBackward(
  dy: number,
  logits: Float32Array,
  targets: Float32Array,
  dx: Float32Array,
): void {
  const factor = dy / logits.length;
  for (let i = 0; i < dx.length; i++) {
    dx[i] = factor * (1 / (1 + Math.exp(-(logits[i] as number))) - (targets[i] as number));
  }
}

export function meanSquaredErrorBackward(dy: number, x: Float32Array, target: Float32Array, dx: Float32Array): void {
  const factor = (2 * dy) / x.length;
  for (let i = 0; i < dx.length; i++) dx[i] = factor * ((x[i] as number) - (target[i] as number));
}

/** ∂(−cos)/∂x = (cos · x/|x| − t/|t|)/|x| */
export function cosineLossBackward(
  dy: number,
  x: Float32Array,
  target: Float32Array,
  C: number,
  dx: Float32Array,
): void {
  const factor = dy / (x.length / C);
  for (let row = 0; row < x.length; row += C) {
    const parts = cosineParts(x, target, row, C);
    const cosine = parts.dot / (parts.x * parts.target);
    for (let i = row; i < row + C; i++) {
      const along = (cosine * (x[i] as number)) / parts.x;
      dx[i] = (factor * (along - (target[i] as number) / parts.target)) / parts.x;
    }
  }
}
