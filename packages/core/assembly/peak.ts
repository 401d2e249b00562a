/**
 * The core's multiply-add ceiling: twelve independent accumulators, nothing but registers. What the other kernels'
 * GFLOP/s are measured against.
 */
import { madd } from './simd';

/** Floating-point operations of one pass of `peak`'s loop. */
const FLOPS_PER_PASS: i32 = 12 * 4 * 2;

/**
 * Runs `passes` rounds of twelve 4-lane multiply-adds and returns the FLOPs done, passes · 96. `data` points to 14
 * vectors (224 bytes): two operands and twelve accumulators, which are written back so that nothing is optimised away.
 */
export function peak(passes: i32, data: usize): f64 {
  const a = v128.load(data);
  const b = v128.load(data, 16);
  let c0 = v128.load(data, 32);
  let c1 = v128.load(data, 48);
  let c2 = v128.load(data, 64);
  let c3 = v128.load(data, 80);
  let c4 = v128.load(data, 96);
  let c5 = v128.load(data, 112);
  let c6 = v128.load(data, 128);
  let c7 = v128.load(data, 144);
  let c8 = v128.load(data, 160);
  let c9 = v128.load(data, 176);
  let c10 = v128.load(data, 192);
  let c11 = v128.load(data, 208);
  for (let i = 0; i < passes; i++) {
    c0 = madd(a, b, c0);
    c1 = madd(a, b, c1);
    c2 = madd(a, b, c2);
    c3 = madd(a, b, c3);
    c4 = madd(a, b, c4);
    c5 = madd(a, b, c5);
    c6 = madd(a, b, c6);
    c7 = madd(a, b, c7);
    c8 = madd(a, b, c8);
    c9 = madd(a, b, c9);
    c10 = madd(a, b, c10);
    c11 = madd(a, b, c11);
  }
  v128.store(data, c0, 32);
  v128.store(data, c1, 48);
  v128.store(data, c2, 64);
  v128.store(data, c3, 80);
  v128.store(data, c4, 96);
  v128.store(data, c5, 112);
  v128.store(data, c6, 128);
  v128.store(data, c7, 144);
  v128.store(data, c8, 160);
  v128.store(data, c9, 176);
  v128.store(data, c10, 192);
  v128.store(data, c11, 208);
  return <f64>passes * <f64>FLOPS_PER_PASS;
}
