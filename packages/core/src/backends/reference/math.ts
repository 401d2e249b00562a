/** Functions of numbers and rows of numbers in float64. */

/** erf, to about 1e-16: a Taylor series for small x, a continued fraction of erfc for large. */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum) && n < 200; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 120; n >= 1; n--) fraction = n / 2 / (z + fraction);
  return Math.sign(x) * (1 - Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction)));
}

/** The normal distribution's Φ and density. */
export const normalCdf = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));
export const normalDensity = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** Softmax of `values` at `temperature`, and its log of the sum of exponentials. */
export function softmax(values: ArrayLike<number>, temperature = 1): { probabilities: Float64Array; lse: number } {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i] as number);
  const probabilities = Float64Array.from(values, (x) => Math.exp((x - most) / temperature));
  const sum = probabilities.reduce((a, b) => a + b, 0);
  return { probabilities: probabilities.map((p) => p / sum), lse: most / temperature + Math.log(sum) };
}

/** cos(a, b) and both lengths, at least 1e-12. */
export function cosine(a: Float64Array, b: Float64Array): { cosine: number; a: number; b: number } {
  const length = (v: Float64Array) => Math.max(Math.sqrt(v.reduce((sum, x) => sum + x * x, 0)), 1e-12);
  const [la, lb] = [length(a), length(b)];
  return { cosine: a.reduce((sum, x, i) => sum + x * (b[i] as number), 0) / (la * lb), a: la, b: lb };
}

export function average(values: Float64Array): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}

/** (row − mean)/deviation with deviation √(mean square + eps); the mean is left alone unless `centred`. */
export function normalised(
  row: Float64Array,
  eps: number,
  centred: boolean,
): { readonly row: Float64Array; readonly deviation: number } {
  const mean = centred ? average(row) : 0;
  const deviation = Math.sqrt(average(row.map((v) => (v - mean) ** 2)) + eps);
  return { row: row.map((v) => (v - mean) / deviation), deviation };
}
