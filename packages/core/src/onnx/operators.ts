/**
 * The ops that the model calls, each as nodes of an ONNX graph. What they compute stands in `ops/ops.ts`. The operators
 * are of opset 17, which runtimes have read since 2022; onnxruntime fuses norm, gelu and scaled products into kernels of its own.
 */
import type { ModelConfig } from '../model/config.ts';
import type { OnnxGraph, Value } from './graph.ts';

/** What the nodes of a model are made from. */
export interface Building {
  readonly graph: OnnxGraph;
  readonly config: ModelConfig;
  /** A parameter's float32 values, laid out as the model has them. */
  readonly weight: (name: string) => Float32Array;
}

/** Cosines and sines for the tokens of a batch, each (B, 1, T, D): D is a head's width. */
export interface Rotation {
  readonly cos: Value;
  readonly sin: Value;
}

/** A parameter as it is. */
export function parameter({ graph, weight }: Building, name: string, shape: readonly number[]): Value {
  return graph.tensor(name, shape, () => weight(name));
}

/** y = x Wᵀ + b; x (..., I) → (..., O). W lies in the file as (I, O), which is how MatMul takes it. */
export function linear({ graph, weight }: Building, x: Value, name: string, I: number, O: number, bias?: Value): Value {
  const turned = graph.tensor(name, [I, O], () => transposed(weight(name), O, I));
  const y = graph.node('MatMul', [x, turned]);
  return bias === undefined ? y : graph.node('Add', [y, bias]);
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return turned;
}

/** x/√(mean(x²) + eps) · weight over the last axis. */
export function rmsNorm(building: Building, x: Value, name: string): Value {
  const { graph, config } = building;
  const squares = graph.node('Pow', [x, graph.float(2)]);
  const mean = graph.node('ReduceMean', [squares], { axes: [-1] });
  const deviation = graph.node('Sqrt', [graph.node('Add', [mean, graph.float(config.normEps)])]);
  return graph.node('Mul', [graph.node('Div', [x, deviation]), parameter(building, name, [config.hiddenSize])]);
}

/** gelu(first half) ∘ second half of the last axis; (..., 2F) → (..., F). */
export function geglu({ graph }: Building, x: Value): Value {
  const [gate, up] = graph.split(x, -1);
  const erf = graph.node('Erf', [graph.node('Div', [gate, graph.float(Math.SQRT2)])]);
  const doubled = graph.node('Mul', [gate, graph.node('Add', [erf, graph.float(1)])]);
  return graph.node('Mul', [graph.node('Mul', [doubled, graph.float(0.5)]), up]);
}

/** positions (B, T), each below `maxPositionEmbeddings`. */
export function rotation({ graph, config }: Building, positions: Value): Rotation {
  const { hiddenSize, numAttentionHeads, maxPositionEmbeddings: P, ropeTheta } = config;
  const D = hiddenSize / numAttentionHeads;
  const half = D / 2;
  const angle = (i: number) => Math.floor(i / D) * ropeTheta ** (-(i % half) / half);
  // The first half of a head's vector takes the second with a minus.
  const sine = (i: number) => (i % D < half ? -1 : 1) * Math.sin(angle(i));
  const rows = (name: string, of: (i: number) => number) => {
    const table = graph.tensor(name, [P, D], () => Float32Array.from({ length: P * D }, (_, i) => of(i)));
    return graph.node('Unsqueeze', [graph.node('Gather', [table, positions]), graph.integers([1])]);
  };
  return { cos: rows('rotary.cos', (i) => Math.cos(angle(i))), sin: rows('rotary.sin', sine) };
}

/** qkv (B, T, 3C) → (B, T, C). `mask` (B, 1, 1, T) is added to the scores. */
export function selfAttention(building: Building, qkv: Value, turn: Rotation, mask?: Value): Value {
  const { graph, config } = building;
  const H = config.numAttentionHeads;
  const [queryKey, value] = graph.split(heads(building, qkv, 3 * H), 1, [2 * H, H]);
  const [query, key] = graph.split(rotated(building, queryKey, turn), 1);
  return attention(building, query, key, value, mask);
}

/** query (B, Tq, C), keyValue (B, Tk, 2C) → (B, Tq, C). */
export function crossAttention(
  building: Building,
  query: Value,
  keyValue: Value,
  turn: { readonly query: Rotation; readonly key: Rotation },
): Value {
  const { graph, config } = building;
  const H = config.numAttentionHeads;
  const [key, value] = graph.split(heads(building, keyValue, 2 * H), 1);
  const turned = rotated(building, heads(building, query, H), turn.query);
  return attention(building, turned, rotated(building, key, turn.key), value);
}

/** (B, T, count·D) → (B, count, T, D) */
function heads({ graph, config }: Building, x: Value, count: number): Value {
  const D = config.hiddenSize / config.numAttentionHeads;
  const apart = graph.node('Reshape', [x, graph.integers([0, 0, count, D])]);
  return graph.node('Transpose', [apart], { perm: [0, 2, 1, 3] });
}

/** x (B, heads, T, D), every head's vector turned by its position. */
function rotated({ graph }: Building, x: Value, { cos, sin }: Rotation): Value {
  const [first, second] = graph.split(x, -1);
  const swapped = graph.node('Concat', [second, first], { axis: -1 });
  return graph.node('Add', [graph.node('Mul', [x, cos]), graph.node('Mul', [swapped, sin])]);
}

/** Softmax attention of every head, joined: (B, H, T, D) each → (B, Tq, C). */
function attention({ graph, config }: Building, query: Value, key: Value, value: Value, mask?: Value): Value {
  const { hiddenSize: C, numAttentionHeads: H } = config;
  const products = graph.node('MatMul', [query, graph.node('Transpose', [key], { perm: [0, 1, 3, 2] })]);
  const scores = graph.node('Mul', [products, graph.float(1 / Math.sqrt(C / H))]); // (B, H, Tq, Tk)
  const masked = mask === undefined ? scores : graph.node('Add', [scores, mask]);
  const mixed = graph.node('MatMul', [graph.node('Softmax', [masked]), value]); // (B, H, Tq, D)
  return graph.node('Reshape', [graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), graph.integers([0, 0, C])]);
}
