/**
 * Dropout from the counter-based generator: the mask is found again from its key, so nothing is kept for the way back.
 * Threefry-2x32, 20 rounds, four counters at a time; words 0 and 1 of counter c belong to elements 2c and 2c + 1.
 * Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
 */
import { loadPart, storePart } from './math';

// @ts-ignore: decorator
@inline
function rotateLeft(x: v128, by: i32): v128 {
  return v128.or(i32x4.shl(x, by), i32x4.shr_u(x, 32 - by));
}

/** to = x with each element zeroed unless its word is ≥ `threshold`, and multiplied by `factor`. */
export function dropout(n: i32, key0: i32, key1: i32, threshold: i32, factor: f32, x: usize, to: usize): void {
  const k0 = i32x4.splat(key0);
  const k1 = i32x4.splat(key1);
  const k2 = i32x4.splat(key0 ^ key1 ^ 0x1bd11bda);
  const thresholds = i32x4.splat(threshold);
  const factors = f32x4.splat(factor);
  let counters = i32x4(0, 1, 2, 3);
  for (let i = 0; i < n; i += 8) {
    let a = i32x4.add(counters, k0);
    let b = k1;
    counters = i32x4.add(counters, i32x4.splat(4));
    for (let group = 0; group < 5; group++) {
      const odd = group & 1;
      a = i32x4.add(a, b);
      b = v128.xor(rotateLeft(b, odd ? 17 : 13), a);
      a = i32x4.add(a, b);
      b = v128.xor(rotateLeft(b, odd ? 29 : 15), a);
      a = i32x4.add(a, b);
      b = v128.xor(rotateLeft(b, odd ? 16 : 26), a);
      a = i32x4.add(a, b);
      b = v128.xor(rotateLeft(b, odd ? 24 : 6), a);
      const turn = (group + 1) % 3;
      const next = turn == 0 ? k0 : turn == 1 ? k1 : k2;
      const after = turn == 0 ? k1 : turn == 1 ? k2 : k0;
      a = i32x4.add(a, next);
      b = i32x4.add(i32x4.add(b, after), i32x4.splat(group + 1));
    }
    const low = v128.shuffle<i32>(a, b, 0, 4, 1, 5); // words of elements 0 to 3
    const high = v128.shuffle<i32>(a, b, 2, 6, 3, 7); // and 4 to 7
    const keptLow = i32x4.ge_u(low, thresholds);
    const keptHigh = i32x4.ge_u(high, thresholds);
    const left = n - i;
    if (left >= 8) {
      v128.store(to, v128.and(f32x4.mul(v128.load(x), factors), keptLow));
      v128.store(to, v128.and(f32x4.mul(v128.load(x, 16), factors), keptHigh), 16);
    } else {
      if (left >= 4) v128.store(to, v128.and(f32x4.mul(v128.load(x), factors), keptLow));
      else storePart(to, v128.and(f32x4.mul(loadPart(x, left), factors), keptLow), left);
      if (left > 4) storePart(to + 16, v128.and(f32x4.mul(loadPart(x + 16, left - 4), factors), keptHigh), left - 4);
    }
    x += 32;
    to += 32;
  }
}
