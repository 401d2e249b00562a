/** Checks at the ops' entries, shared by all backends: what a kernel is handed afterwards can be trusted. */
import { LacunaError } from '../errors.ts';
import { expectShape, rowsOf, type Shape, sizeOf, type Tensor, widthOf } from '../tensor/tensor.ts';
import type { AttentionOptions, VocabularyTargets } from './ops.ts';

function fail(where: string, message: string, facts: Readonly<Record<string, unknown>>): never {
  throw new LacunaError('shape_mismatch', `${where}: ${message}`, facts);
}

/** Throws `shape_mismatch` unless `values` holds `size` entries. */
export function expectLength(where: string, name: string, values: ArrayLike<number>, size: number): void {
  if (values.length !== size) {
    fail(where, `${name} must hold ${size} values, got ${values.length}.`, { name, size, actual: values.length });
  }
}

/** Throws `invalid_argument` unless every entry is an integer in [from, to). */
export function expectRange(where: string, name: string, values: Int32Array, from: number, to: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value >= from && value < to) continue;
    throw new LacunaError('invalid_argument', `${where}: ${name}[${i}] must be in [${from}, ${to}), got ${value}.`, {
      name,
      index: i,
      value,
      from,
      to,
    });
  }
}

/** Groups that an optimizer steps over together must be of one size. */
export function expectGroups(
  where: string,
  size: number,
  groups: Readonly<Record<string, { readonly size: number }>>,
): void {
  for (const [name, group] of Object.entries(groups)) expectLength(where, name, { length: group.size }, size);
}

export function expectSame(where: string, a: Tensor, b: Tensor): void {
  expectShape(where, 'the second tensor', b.shape, a.shape);
}

/** Ids for each position of `shape` into a table (V, C) → V and C. */
export function checkEmbedding(table: Shape, ids: Int32Array, shape: Shape): { V: number; C: number } {
  expectShape('embedding', 'table', table, [-1, -1]);
  const [V, C] = table as [number, number];
  expectLength('embedding', 'ids', ids, sizeOf(shape));
  expectRange('embedding', 'ids', ids, 0, V);
  return { V, C };
}

/** x (..., I), weight (O, I), bias (O) → rows, I, O. */
export function checkLinear(x: Shape, weight: Shape, bias?: Shape): { rows: number; I: number; O: number } {
  expectShape('linear', 'weight', weight, [-1, widthOf(x)]);
  const [O, I] = weight as [number, number];
  if (bias) expectShape('linear', 'bias', bias, [O]);
  return { rows: rowsOf(x), I, O };
}

/** x (..., C), weight and bias (C) → rows, C. */
export function checkNorm(where: string, x: Shape, weight: Shape, bias?: Shape): { rows: number; C: number } {
  const C = widthOf(x);
  expectShape(where, 'weight', weight, [C]);
  if (bias) expectShape(where, 'bias', bias, [C]);
  return { rows: rowsOf(x), C };
}

/** x (..., 2F) → rows, F. */
export function checkGeglu(x: Shape): { rows: number; F: number } {
  const width = widthOf(x);
  if (width % 2 !== 0) fail('geglu', `the last axis must be even, got ${width}.`, { width });
  return { rows: rowsOf(x), F: width / 2 };
}

export interface AttentionShape {
  readonly B: number;
  readonly Tq: number;
  readonly Tk: number;
  readonly C: number;
  readonly H: number;
  /** Head size. */
  readonly D: number;
}

/** qkv (B, T, 3C) */
export function checkSelfAttention(qkv: Shape, options: AttentionOptions): AttentionShape {
  expectShape('selfAttention', 'qkv', qkv, [-1, -1, -1]);
  const [B, T, width] = qkv as [number, number, number];
  if (width % 3 !== 0) fail('selfAttention', `the last axis must be query, key, value, got ${width}.`, { width });
  return checkAttention('selfAttention', B, T, T, width / 3, options);
}

/** query (B, Tq, C), keyValue (B, Tk, 2C) */
export function checkCrossAttention(query: Shape, keyValue: Shape, options: AttentionOptions): AttentionShape {
  expectShape('crossAttention', 'query', query, [-1, -1, -1]);
  const [B, Tq, C] = query as [number, number, number];
  expectShape('crossAttention', 'keyValue', keyValue, [B, -1, 2 * C]);
  return checkAttention('crossAttention', B, Tq, keyValue[1] as number, C, options);
}

function checkAttention(
  where: string,
  B: number,
  Tq: number,
  Tk: number,
  C: number,
  options: AttentionOptions,
): AttentionShape {
  const { numHeads: H, queryPositions, keyPositions, keyLengths } = options;
  if (!Number.isInteger(H) || H < 1 || C % H !== 0 || (C / H) % 2 !== 0) {
    fail(where, `${C} features cannot be split into ${H} heads of an even size.`, { C, numHeads: H });
  }
  if (Tk < 1) fail(where, 'there must be a key to attend to.', { Tk });
  if ((queryPositions === undefined) !== (keyPositions === undefined)) {
    fail(where, 'give positions of queries and keys, or neither.', {});
  }
  for (const [name, positions, T] of [
    ['queryPositions', queryPositions, Tq],
    ['keyPositions', keyPositions, Tk],
  ] as const) {
    if (!positions) continue;
    expectLength(where, name, positions, B * T);
    expectRange(where, name, positions, 0, 1 << 20);
  }
  if (keyLengths) {
    expectLength(where, 'keyLengths', keyLengths, B);
    expectRange(where, 'keyLengths', keyLengths, 1, Tk + 1);
  }
  return { B, Tq, Tk, C, H, D: C / H };
}

/** Row indices into x seen as (N, C), −1 for none → N, C. */
export function checkGather(x: Shape, indices: Int32Array, shape: Shape): { N: number; C: number } {
  const N = rowsOf(x);
  expectLength('gatherRows', 'indices', indices, sizeOf(shape));
  expectRange('gatherRows', 'indices', indices, -1, N);
  return { N, C: widthOf(x) };
}

/** x (B, T, C), lengths (B) in [1, T]. */
export function checkMeanPool(x: Shape, lengths: Int32Array): { B: number; T: number; C: number } {
  expectShape('meanPool', 'x', x, [-1, -1, -1]);
  const [B, T, C] = x as [number, number, number];
  expectLength('meanPool', 'lengths', lengths, B);
  expectRange('meanPool', 'lengths', lengths, 1, T + 1);
  return { B, T, C };
}

/** Throws `invalid_argument` unless 0 ≤ rate < 1. */
export function checkDropout(rate: number): void {
  if (rate >= 0 && rate < 1) return;
  throw new LacunaError('invalid_argument', `dropout: rate must be in [0, 1), got ${rate}.`, { rate });
}

/** hidden (N, C), table (V, C), bias (V), labels (N) of −100 or a token id. */
export function checkVocabulary(
  where: string,
  hidden: Shape,
  table: Shape,
  bias: Shape | undefined,
  labels?: Int32Array,
): { N: number; C: number; V: number } {
  expectShape(where, 'hidden', hidden, [-1, -1]);
  const [N, C] = hidden as [number, number];
  expectShape(where, 'table', table, [-1, C]);
  const V = table[0] as number;
  if (bias) expectShape(where, 'bias', bias, [V]);
  if (labels) {
    expectLength(where, 'labels', labels, N);
    expectRange(where, 'labels', labels, -100, V);
  }
  return { N, C, V };
}

/** `checkVocabulary` with the soft targets' shapes; K is 0 where there are none. */
export function checkVocabularyLoss(
  hidden: Shape,
  table: Shape,
  bias: Shape | undefined,
  targets: VocabularyTargets,
): { N: number; C: number; V: number; K: number } {
  const sizes = checkVocabulary('vocabularyLoss', hidden, table, bias, targets.labels);
  if (!targets.soft) return { ...sizes, K: 0 };
  const { indices, probabilities, temperature } = targets.soft.targets;
  expectShape('vocabularyLoss', 'indices', indices.shape, [sizes.N, -1]);
  const K = indices.shape[1] as number;
  expectShape('vocabularyLoss', 'probabilities', probabilities.shape, [sizes.N, K + 1]);
  checkTemperature('vocabularyLoss', temperature);
  if (K > sizes.V) fail('vocabularyLoss', `${K} soft targets do not fit ${sizes.V} pieces.`, { K, V: sizes.V });
  return { ...sizes, K };
}

export function checkTemperature(where: string, temperature: number): void {
  if (temperature > 0 && Number.isFinite(temperature)) return;
  throw new LacunaError('invalid_argument', `${where}: temperature must be positive, got ${temperature}.`, {
    temperature,
  });
}

/** logits (N, K), targets (N·K) */
export function checkTargets(where: string, logits: Shape, targets: Float32Array): { N: number; K: number } {
  expectShape(where, 'logits', logits, [-1, -1]);
  expectLength(where, 'targets', targets, sizeOf(logits));
  return { N: logits[0] as number, K: logits[1] as number };
}
