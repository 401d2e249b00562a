/** What int8 costs in precision, measured on the weights: per tensor and over the whole model. */
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { dequantizeRows, isQuantized, quantizeRows, storedBytes } from './int8.ts';

export interface TensorError {
  readonly name: string;
  readonly shape: Shape;
  readonly floatBytes: number;
  /** Its scales included. */
  readonly int8Bytes: number;
  /** max |w − ŵ| */
  readonly maxError: number;
  /** ‖w − ŵ‖₂ / ‖w‖₂; 0 for a tensor of zeros. */
  readonly relativeError: number;
}

export interface QuantizationReport {
  /** The quantised tensors, the worst relative error first. */
  readonly tensors: readonly TensorError[];
  /** ‖w − ŵ‖₂ / ‖w‖₂ over all the parameters, those left in float32 included. */
  readonly relativeError: number;
  readonly floatBytes: number;
  readonly int8Bytes: number;
}

/** Quantises every matrix and compares it with what it was. */
export function quantizationReport(
  params: Readonly<Record<string, Float32Array>>,
  shapes: Readonly<Record<string, Shape>>,
): QuantizationReport {
  const tensors: TensorError[] = [];
  let squaredError = 0;
  let squaredNorm = 0;
  let floatBytes = 0;
  let int8Bytes = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const values = params[name] ?? new Float32Array(sizeOf(shape));
    const bytes = { floatBytes: storedBytes(shape, false), int8Bytes: storedBytes(shape, true) };
    floatBytes += bytes.floatBytes;
    int8Bytes += bytes.int8Bytes;
    const norm = values.reduce((sum, value) => sum + value * value, 0);
    squaredNorm += norm;
    if (!isQuantized(shape)) continue;
    const restored = dequantizeRows(quantizeRows(values, shape));
    let error = 0;
    let maxError = 0;
    for (let i = 0; i < values.length; i++) {
      const difference = Math.abs((values[i] as number) - (restored[i] as number));
      error += difference * difference;
      maxError = Math.max(maxError, difference);
    }
    squaredError += error;
    tensors.push({ name, shape, ...bytes, maxError, relativeError: ratio(error, norm) });
  }
  tensors.sort((a, b) => b.relativeError - a.relativeError);
  return { tensors, relativeError: ratio(squaredError, squaredNorm), floatBytes, int8Bytes };
}

function ratio(squaredError: number, squaredNorm: number): number {
  return squaredNorm === 0 ? 0 : Math.sqrt(squaredError / squaredNorm);
}
