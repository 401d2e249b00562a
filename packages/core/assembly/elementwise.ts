/** Ops that go over tensors element by element: sums, multiples and activations. `n` is a number of elements. */
import { bell4, loadPart, normalCdf4, storePart, tanh4 } from './math';
import { madd } from './simd';

/** to = a + b */
export function add(n: i32, a: usize, b: usize, to: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(to, f32x4.add(v128.load(a), v128.load(b)));
    a += 16;
    b += 16;
    to += 16;
  }
  if (i < n) storePart(to, f32x4.add(loadPart(a, n - i), loadPart(b, n - i)), n - i);
}

/** to = factor · x */
export function scale(n: i32, factor: f32, x: usize, to: usize): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(to, f32x4.mul(v128.load(x), factors));
    x += 16;
    to += 16;
  }
  if (i < n) storePart(to, f32x4.mul(loadPart(x, n - i), factors), n - i);
}

/** into += factor · x */
export function accumulate(n: i32, factor: f32, x: usize, into: usize): void {
  const factors = f32x4.splat(factor);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(into, madd(v128.load(x), factors, v128.load(into)));
    x += 16;
    into += 16;
  }
  if (i < n) storePart(into, madd(loadPart(x, n - i), factors, loadPart(into, n - i)), n - i);
}

/** Adds a row of `columns` values to each of `rows` rows of x, in place: a linear layer's bias. */
export function addRow(rows: i32, columns: i32, row: usize, x: usize): void {
  const bytes = (<usize>columns) << 2;
  for (let r = 0; r < rows; r++) {
    add(columns, x, row, x);
    x += bytes;
  }
}

/** to = x · Φ(x) */
export function gelu(n: i32, x: usize, to: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(to, gelu4(v128.load(x)));
    x += 16;
    to += 16;
  }
  if (i < n) storePart(to, gelu4(loadPart(x, n - i)), n - i);
}

// @ts-ignore: decorator
@inline
function gelu4(x: v128): v128 {
  return f32x4.mul(x, normalCdf4(x, bell4(x)));
}

/** to (rows, F) = gelu(x's first F columns) · x's last F columns; x (rows, 2F). */
export function geglu(rows: i32, F: i32, x: usize, to: usize): void {
  const half = (<usize>F) << 2;
  for (let r = 0; r < rows; r++) {
    let i = 0;
    for (; i + 4 <= F; i += 4) {
      v128.store(to, f32x4.mul(gelu4(v128.load(x)), v128.load(x + half)));
      x += 16;
      to += 16;
    }
    if (i < F) {
      const left = F - i;
      storePart(to, f32x4.mul(gelu4(loadPart(x, left)), loadPart(x + half, left)), left);
      x += (<usize>left) << 2;
      to += (<usize>left) << 2;
    }
    x += half;
  }
}

/** to = tanh x */
export function tanh(n: i32, x: usize, to: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    v128.store(to, tanh4(v128.load(x)));
    x += 16;
    to += 16;
  }
  if (i < n) storePart(to, tanh4(loadPart(x, n - i)), n - i);
}
