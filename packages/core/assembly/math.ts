/** Vectors of four floats through exp, tanh and the normal distribution, and vectors that reach over a tensor's end. */
import { madd } from './simd';

// @ts-ignore: decorator
@inline
const LN2_HIGH: f32 = 0.693359375;
// @ts-ignore: decorator
@inline
const LN2_LOW: f32 = -2.12194440e-4;

/** 1.5 · 2²³: added to a float within ±2²², it rounds it to the nearest integer, which stands in the sum's low bits. */
export const ROUNDER: f32 = 12582912;
export const ROUNDER_BITS: i32 = 0x4b400000;

/**
 * eˣ, relative error below 2·10⁻⁷; x is clamped to ±87. x = n·ln 2 + r, eʳ by a polynomial of degree 6 (Cephes' expf),
 * 2ⁿ by its exponent bits.
 */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  // `min` and `max`, `nearest` and the conversion are many instructions each on x86-64, what stands here is one each.
  x = f32x4.pmax(f32x4.pmin(x, f32x4.splat(87)), f32x4.splat(-87));
  const rounded = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(ROUNDER));
  const n = f32x4.sub(rounded, f32x4.splat(ROUNDER));
  const r = madd(n, f32x4.splat(-LN2_LOW), madd(n, f32x4.splat(-LN2_HIGH), x));
  let p = madd(f32x4.splat(1.9875691500e-4), r, f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(madd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  const bits = i32x4.shl(i32x4.add(rounded, i32x4.splat(127)), 23);
  return f32x4.mul(p, bits);
}

/** tanh x = 1 − 2/(e²ˣ + 1); absolute error below 2·10⁻⁷. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  const e = exp4(f32x4.add(x, x));
  return f32x4.sub(f32x4.splat(1), f32x4.div(f32x4.splat(2), f32x4.add(e, f32x4.splat(1))));
}

/** e^(−x²/2): √2π times the normal density, which Φ and its derivative share. */
// @ts-ignore: decorator
@inline
export function bell4(x: v128): v128 {
  return exp4(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
}

/**
 * Φ(x) given `bell` = e^(−x²/2); absolute error below 2·10⁻⁷.
 * Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26, with erf's argument x/√2.
 */
// @ts-ignore: decorator
@inline
export function normalCdf4(x: v128, bell: v128): v128 {
  const one = f32x4.splat(1);
  const t = f32x4.div(one, madd(f32x4.abs(x), f32x4.splat(0.3275911 * 0.70710678118654752), one));
  let p = madd(f32x4.splat(1.061405429), t, f32x4.splat(-1.453152027));
  p = madd(p, t, f32x4.splat(1.421413741));
  p = madd(p, t, f32x4.splat(-0.284496736));
  p = madd(p, t, f32x4.splat(0.254829592));
  const tail = f32x4.mul(f32x4.mul(f32x4.mul(p, t), bell), f32x4.splat(0.5)); // 1 − Φ(|x|)
  return v128.bitselect(f32x4.sub(one, tail), tail, f32x4.ge(x, f32x4.splat(0)));
}

/** The first `count` (1 to 3) floats at `from`; the other lanes are 0. */
// @ts-ignore: decorator
@inline
export function loadPart(from: usize, count: i32): v128 {
  let x = v128.load32_zero(from);
  if (count > 1) x = f32x4.replace_lane(x, 1, f32.load(from, 4));
  if (count > 2) x = f32x4.replace_lane(x, 2, f32.load(from, 8));
  return x;
}

/** Stores the first `count` (1 to 3) lanes. */
// @ts-ignore: decorator
@inline
export function storePart(to: usize, x: v128, count: i32): void {
  v128.store_lane<f32>(to, x, 0);
  if (count > 1) v128.store_lane<f32>(to, x, 1, 4);
  if (count > 2) v128.store_lane<f32>(to, x, 2, 8);
}
