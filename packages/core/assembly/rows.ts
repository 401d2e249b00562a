/** Ops that move whole rows: gathers, scatters and means over a text's tokens. Indices are int32. */
import { accumulate } from './elementwise';
import { loadPart, storePart } from './math';

/** to (n, C) = the rows of x at `indices`; −1 gives zeros. */
export function gatherRows(n: i32, C: i32, x: usize, indices: usize, to: usize): void {
  const bytes = (<usize>C) << 2;
  for (let i = 0; i < n; i++) {
    const row = i32.load(indices + ((<usize>i) << 2));
    if (row < 0) memory.fill(to, 0, bytes);
    else memory.copy(to, x + <usize>row * bytes, bytes);
    to += bytes;
  }
}

/** `gatherRows` from int8 rows, each with its scale. */
export function gatherRowsInt8(n: i32, C: i32, x: usize, scales: usize, indices: usize, to: usize): void {
  for (let i = 0; i < n; i++) {
    const row = <usize>i32.load(indices + ((<usize>i) << 2));
    const scale = f32.load(scales + (row << 2));
    let from = x + row * <usize>C;
    for (let j = 0; j < C; j++) {
      f32.store(to, <f32>load<i8>(from) * scale);
      from += 1;
      to += 4;
    }
  }
}

/** The rows of x at `indices` += the rows of dy (n, C); −1 is passed over. */
export function scatterAddRows(n: i32, C: i32, dy: usize, indices: usize, x: usize): void {
  const bytes = (<usize>C) << 2;
  for (let i = 0; i < n; i++) {
    const row = i32.load(indices + ((<usize>i) << 2));
    if (row >= 0) accumulate(C, 1, dy, x + <usize>row * bytes);
    dy += bytes;
  }
}

/** to (B, C) = the mean of the first lengths[b] rows of x (B, T, C). */
export function meanPool(B: i32, T: i32, C: i32, x: usize, lengths: usize, to: usize): void {
  const bytes = (<usize>C) << 2;
  for (let b = 0; b < B; b++) {
    const length = i32.load(lengths + ((<usize>b) << 2));
    const factor = <f32>1 / <f32>length;
    memory.fill(to, 0, bytes);
    for (let t = 0; t < length; t++) accumulate(C, factor, x + <usize>(b * T + t) * bytes, to);
    to += bytes;
  }
}

/** dx (B, T, C) from dy (B, C): a length's share each, 0 for the padding. */
export function meanPoolBackward(B: i32, T: i32, C: i32, dy: usize, lengths: usize, dx: usize): void {
  const bytes = (<usize>C) << 2;
  for (let b = 0; b < B; b++) {
    const length = i32.load(lengths + ((<usize>b) << 2));
    const factor = f32x4.splat(<f32>1 / <f32>length);
    for (let t = 0; t < T; t++) {
      if (t >= length) {
        memory.fill(dx, 0, bytes);
        dx += bytes;
        continue;
      }
      let i = 0;
      let from = dy;
      for (; i + 4 <= C; i += 4) {
        v128.store(dx, f32x4.mul(v128.load(from), factor));
        from += 16;
        dx += 16;
      }
      if (i < C) {
        storePart(dx, f32x4.mul(loadPart(from, C - i), factor), C - i);
        dx += bytes & 15;
      }
    }
    dy += bytes;
  }
}
