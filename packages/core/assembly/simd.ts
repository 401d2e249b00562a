/** The one place where the two builds differ: how a·b + c is computed on four lanes. */

/** a·b + c on four f32 lanes: fused (one rounding) in the relaxed build, multiply then add in the plain one. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<f32>(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of the four lanes, pairwise: (x0 + x2) + (x1 + x3). */
// @ts-ignore: decorator
@inline
export function horizontalSum(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}
