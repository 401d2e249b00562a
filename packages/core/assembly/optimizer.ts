/** What a step does to flat buffers of n floats: norms, AdamW, averages. */
import { loadPart, storePart } from './math';
import { madd } from './simd';

/** Σ x², summed in f64 in an order that depends on n alone. */
export function squaredNorm(n: i32, x: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const v = v128.load(x);
    const low = f64x2.promote_low_f32x4(v);
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 0, 1));
    s0 = f64x2.add(s0, f64x2.mul(low, low));
    s1 = f64x2.add(s1, f64x2.mul(high, high));
    x += 16;
  }
  const both = f64x2.add(s0, s1);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; i < n; i++) {
    const value = <f64>f32.load(x);
    sum += value * value;
    x += 4;
  }
  return sum;
}

// @ts-ignore: decorator
@inline
function update4(p: v128, m: v128, v: v128, rate: v128, keep: v128, inverse2: v128, eps: v128): v128 {
  const deviation = f32x4.add(f32x4.sqrt(f32x4.mul(v, inverse2)), eps);
  return f32x4.sub(f32x4.mul(p, keep), f32x4.div(f32x4.mul(m, rate), deviation));
}

/**
 * AdamW in place: m and v are the moments of g·gradientScale, p = p·(1 − rate·decay) − rate·m̂/(√v̂ + eps).
 * `inverse1` and `inverse2` are 1/(1 − βᵗ). Paper: arXiv 1711.05101
 */
export function adamw(
  n: i32,
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  rate: f32,
  beta1: f32,
  beta2: f32,
  eps: f32,
  decay: f32,
  inverse1: f32,
  inverse2: f32,
  gradientScale: f32,
): void {
  const scales = f32x4.splat(gradientScale);
  const b1 = f32x4.splat(beta1);
  const b2 = f32x4.splat(beta2);
  const c1 = f32x4.splat(<f32>1 - beta1);
  const c2 = f32x4.splat(<f32>1 - beta2);
  const rates = f32x4.splat(rate * inverse1);
  const keep = f32x4.splat(<f32>1 - rate * decay);
  const corrections = f32x4.splat(inverse2);
  const epsilons = f32x4.splat(eps);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const gradient = f32x4.mul(v128.load(g), scales);
    const first = madd(gradient, c1, f32x4.mul(v128.load(m), b1));
    const second = madd(f32x4.mul(gradient, gradient), c2, f32x4.mul(v128.load(v), b2));
    v128.store(m, first);
    v128.store(v, second);
    v128.store(p, update4(v128.load(p), first, second, rates, keep, corrections, epsilons));
    p += 16;
    g += 16;
    m += 16;
    v += 16;
  }
  if (i < n) {
    const left = n - i;
    const gradient = f32x4.mul(loadPart(g, left), scales);
    const first = madd(gradient, c1, f32x4.mul(loadPart(m, left), b1));
    const second = madd(f32x4.mul(gradient, gradient), c2, f32x4.mul(loadPart(v, left), b2));
    storePart(m, first, left);
    storePart(v, second, left);
    storePart(p, update4(loadPart(p, left), first, second, rates, keep, corrections, epsilons), left);
  }
}

/** target += weight · (source − target) */
export function lerp(n: i32, weight: f32, source: usize, target: usize): void {
  const weights = f32x4.splat(weight);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const t = v128.load(target);
    v128.store(target, madd(f32x4.sub(v128.load(source), t), weights, t));
    source += 16;
    target += 16;
  }
  if (i < n) {
    const t = loadPart(target, n - i);
    storePart(target, madd(f32x4.sub(loadPart(source, n - i), t), weights, t), n - i);
  }
}
