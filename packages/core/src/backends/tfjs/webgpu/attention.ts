/**
 * Attention and its gradient without a matrix of scores in memory (Paper: arXiv 2205.14135, 2307.08691).
 *
 * A workgroup takes one head and 64 rows of one side, an invocation a row, which it keeps in registers; the rows of the
 * other side pass by in workgroup memory, some at a time:
 *
 *   forward   own query             passing key, value          → output
 *   stats     own query, dy         passing key, value          → log-sum-exp of the scores, Σ p·dp
 *   dQuery    own query, dy, stats  passing key, value          → gradient of the query
 *   dKey      own key, value        passing query, dy, stats    → gradient of the key
 *   dValue    own key               passing query, dy, stats    → gradient of the value
 *
 * Rows are turned by their positions as they are read, and gradients turned back as they are written.
 */
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { AttentionShape } from '../../../ops/shapes.ts';
import type { Gpu } from './gpu.ts';
import { float, int, type Output, runProgram } from './program.ts';

const WORKGROUP = 64;

/** Where query, key and value lie: rows of `strideQ` and `strideKV` values, keys and values from columns of theirs on. */
export interface Projections {
  readonly q: TensorInfo;
  readonly strideQ: number;
  readonly kv: TensorInfo;
  readonly strideKV: number;
  readonly keyAt: number;
  readonly valueAt: number;
  /** For every query and every key, (rows, D): cosines of its D/2 angles, then sines. Absent without rotation. */
  readonly tableQ?: TensorInfo | undefined;
  readonly tableK?: TensorInfo | undefined;
  /** int32 (B): keys that count. Absent without padding. */
  readonly lengths?: TensorInfo | undefined;
}

type Role = 'forward' | 'stats' | 'dQuery' | 'dKey' | 'dValue';

/** A tensor of `size` values with rows of `stride`, written from column `column` on. */
interface Destination {
  readonly output: Output;
  readonly stride: number;
  readonly column: number;
}

/** → (B, Tq, C) */
export function attention(gpu: Gpu, shape: AttentionShape, from: Projections): TensorInfo {
  const { B, Tq, C } = shape;
  return run(gpu, 'forward', shape, from, {}, { output: { size: B * Tq * C }, stride: C, column: 0 });
}

/** Writes the gradients of query, key and value to where they are wanted. */
export function attentionBackward(
  gpu: Gpu,
  shape: AttentionShape,
  from: Projections,
  dy: TensorInfo,
  to: { readonly q: TensorInfo; readonly kv: TensorInfo },
): void {
  const { B, Tq, H } = shape;
  const stats = run(gpu, 'stats', shape, from, { dy }, { output: { size: B * H * Tq * 2 }, stride: 0, column: 0 });
  const given = { dy, stats };
  run(gpu, 'dQuery', shape, from, given, { output: { into: to.q }, stride: from.strideQ, column: 0 });
  const keys = { output: { into: to.kv }, stride: from.strideKV };
  run(gpu, 'dKey', shape, from, given, { ...keys, column: from.keyAt });
  run(gpu, 'dValue', shape, from, given, { ...keys, column: from.valueAt });
  gpu.disposeData(stats.dataId);
}

function run(
  gpu: Gpu,
  role: Role,
  shape: AttentionShape,
  from: Projections,
  given: Readonly<Record<string, TensorInfo>>,
  { output, stride, column }: Destination,
): TensorInfo {
  const { B, Tq, Tk, H, C, D } = shape;
  const { tableQ, tableK, lengths } = from;
  const ownsQuery = role === 'forward' || role === 'stats' || role === 'dQuery';
  return runProgram(
    gpu,
    {
      key: `attention ${role} ${D} ${tableQ !== undefined} ${lengths !== undefined}`,
      inputs: {
        Q: from.q,
        KV: from.kv,
        ...(tableQ && tableK ? { tableQ, tableK } : {}),
        ...(lengths ? { lengths } : {}),
        ...given,
      },
      uniforms: {
        Tq: int(Tq),
        Tk: int(Tk),
        heads: int(H),
        strideQ: int(from.strideQ),
        strideKV: int(from.strideKV),
        keyAt: int(from.keyAt),
        valueAt: int(from.valueAt),
        width: int(C),
        stride: int(stride),
        column: int(column),
        scale: float(1 / Math.sqrt(D)),
      },
      workgroups: [Math.ceil((ownsQuery ? Tq : Tk) / WORKGROUP), B * H],
      workgroupSize: WORKGROUP,
      code: source(role, D, tableQ !== undefined, lengths !== undefined),
    },
    output,
  );
}

/** Rows that pass by at a time: two arrays of them fit the 16 kB that every device has. */
function passingRows(D: number): number {
  return Math.max(1, Math.min(16, Math.floor(1792 / D)));
}

function source(role: Role, D: number, rotated: boolean, padded: boolean): string {
  const lanes = D % 4 === 0 ? 4 : 2;
  const n = D / lanes;
  const vector = `vec${lanes}<f32>`;
  const rows = passingRows(D);
  const ownsQuery = role === 'forward' || role === 'stats' || role === 'dQuery';
  const needsStats = role === 'dQuery' || role === 'dKey' || role === 'dValue';
  const [own, passing] = ownsQuery
    ? [
        ['query', role === 'forward' ? undefined : 'gradient'],
        ['key', 'value'],
      ]
    : [
        ['key', role === 'dKey' ? 'value' : undefined],
        ['query', 'gradient'],
      ];
  const loadOwn = (name: string | undefined, into: string) =>
    name === undefined
      ? ''
      : `var ${into} : array<${vector}, ${n}>;
  for (var d = 0; d < ${D}; d++) { ${into}[d / ${lanes}][d % ${lanes}] = ${name}(b, h, own, d); }`;
  return /* wgsl */ `
var<workgroup> passX : array<${vector}, ${rows * n}>;
var<workgroup> passY : array<${vector}, ${rows * n}>;
${needsStats && !ownsQuery ? `var<workgroup> passStats : array<vec2<f32>, ${rows}>;` : ''}
${readers(D, rotated, role !== 'forward')}
fn main(index : i32) {
  let b = i32(workgroupId.y) / uniforms.heads;
  let h = i32(workgroupId.y) % uniforms.heads;
  let t = i32(workgroupId.x) * ${WORKGROUP} + i32(localIndex);
  let ownCount = uniforms.${ownsQuery ? 'Tq' : 'Tk'};
  let passCount = uniforms.${ownsQuery ? 'Tk' : 'Tq'};
  let own = min(t, ownCount - 1);
  let length = ${padded ? 'lengths[b]' : 'uniforms.Tk'};
  ${loadOwn(own?.[0], 'ownX')}
  ${loadOwn(own?.[1], 'ownY')}
  ${role === 'dQuery' ? `let ownAt = 2 * (i32(workgroupId.y) * uniforms.Tq + own);\n  let lse = stats[ownAt];\n  let delta = stats[ownAt + 1];` : ''}
  ${role === 'stats' ? '' : `var sums : array<${vector}, ${n}>;`}
  var most = -3.0e38;
  var total = 0.0;
  var along = 0.0;
  for (var first = 0; first < passCount; first += ${rows}) {
    for (var e = i32(localIndex); e < ${rows * D}; e += ${WORKGROUP}) {
      let row = min(first + e / ${D}, passCount - 1);
      let d = e % ${D};
      passX[e / ${lanes}][e % ${lanes}] = ${passing[0]}(b, h, row, d);
      passY[e / ${lanes}][e % ${lanes}] = ${passing[1]}(b, h, row, d);
    }
    ${
      needsStats && !ownsQuery
        ? `if (i32(localIndex) < ${rows}) {
      let at = 2 * (i32(workgroupId.y) * uniforms.Tq + min(first + i32(localIndex), passCount - 1));
      passStats[localIndex] = vec2<f32>(stats[at], stats[at + 1]);
    }`
        : ''
    }
    workgroupBarrier();
    for (var j = 0; j < ${rows}; j++) {
      if (${ownsQuery ? 'first + j < length' : 'first + j < passCount && own < length'}) {
        var score = 0.0;
        for (var i = 0; i < ${n}; i++) { score += dot(ownX[i], passX[j * ${n} + i]); }
        ${STEPS[role](n)}
      }
    }
    workgroupBarrier();
  }
  if (t >= ownCount) { return; }
  ${role === 'stats' ? statsWrite : write(role, D, lanes, rotated)}
}`;
}

/** Functions \`query\`, \`key\`, \`value\`, \`gradient\` of (text, head, row, feature). Queries come scaled. */
function readers(D: number, rotated: boolean, backward: boolean): string {
  const half = D / 2;
  const turned = (
    name: string,
    array: string,
    table: string,
    rows: string,
    stride: string,
    column: string,
    factor: string,
  ) => /* wgsl */ `
fn ${name}(b : i32, h : i32, t : i32, d : i32) -> f32 {
  let row = b * uniforms.${rows} + t;
  let at = row * uniforms.${stride} + ${column} + h * ${D};
  ${
    rotated
      ? `let pair = row * ${D} + d % ${half};
  let other = select(${array}[at + (d + ${half}) % ${D}], -${array}[at + (d + ${half}) % ${D}], d < ${half});
  return (${array}[at + d] * ${table}[pair] + other * ${table}[pair + ${half}])${factor};`
      : `return ${array}[at + d]${factor};`
  }
}`;
  return `
${turned('query', 'Q', 'tableQ', 'Tq', 'strideQ', '0', ' * uniforms.scale')}
${turned('key', 'KV', 'tableK', 'Tk', 'strideKV', 'uniforms.keyAt', '')}
fn value(b : i32, h : i32, t : i32, d : i32) -> f32 {
  return KV[(b * uniforms.Tk + t) * uniforms.strideKV + uniforms.valueAt + h * ${D} + d];
}
${
  backward
    ? `fn gradient(b : i32, h : i32, t : i32, d : i32) -> f32 {
  return dy[(b * uniforms.Tq + t) * uniforms.width + h * ${D} + d];
}`
    : ''
}`;
}

/** What a passing row j adds, given its score. */
const STEPS: Readonly<Record<Role, (n: number) => string>> = {
  forward: (n) => `let next = max(most, score);
        let shrink = exp(most - next);
        let p = exp(score - next);
        total = total * shrink + p;
        most = next;
        for (var i = 0; i < ${n}; i++) { sums[i] = sums[i] * shrink + p * passY[j * ${n} + i]; }`,
  stats: (n) => `var dp = 0.0;
        for (var i = 0; i < ${n}; i++) { dp += dot(ownY[i], passY[j * ${n} + i]); }
        let next = max(most, score);
        let shrink = exp(most - next);
        let p = exp(score - next);
        total = total * shrink + p;
        along = along * shrink + p * dp;
        most = next;`,
  dQuery: (n) => `var dp = 0.0;
        for (var i = 0; i < ${n}; i++) { dp += dot(ownY[i], passY[j * ${n} + i]); }
        let ds = exp(score - lse) * (dp - delta) * uniforms.scale;
        for (var i = 0; i < ${n}; i++) { sums[i] += ds * passX[j * ${n} + i]; }`,
  dKey: (n) => `var dp = 0.0;
        for (var i = 0; i < ${n}; i++) { dp += dot(ownY[i], passY[j * ${n} + i]); }
        let ds = exp(score - passStats[j].x) * (dp - passStats[j].y);
        for (var i = 0; i < ${n}; i++) { sums[i] += ds * passX[j * ${n} + i]; }`,
  dValue: (n) => `let p = exp(score - passStats[j].x);
        for (var i = 0; i < ${n}; i++) { sums[i] += p * passY[j * ${n} + i]; }`,
};

const statsWrite = `let at = 2 * (i32(workgroupId.y) * uniforms.Tq + t);
  result[at] = most + log(total);
  result[at + 1] = along / total;`;

function write(role: Role, D: number, lanes: number, rotated: boolean): string {
  const half = D / 2;
  const at = (d: string) => `sums[(${d}) / ${lanes}][(${d}) % ${lanes}]`;
  const rows = role === 'dKey' || role === 'dValue' ? 'Tk' : 'Tq';
  const start = `let row = b * uniforms.${rows} + t;
  let to = row * uniforms.stride + uniforms.column + h * ${D};`;
  if (rotated && (role === 'dQuery' || role === 'dKey')) {
    const table = role === 'dQuery' ? 'tableQ' : 'tableK';
    return `${start}
  for (var d = 0; d < ${half}; d++) {
    let c = ${table}[row * ${D} + d];
    let s = ${table}[row * ${D} + ${half} + d];
    let x = ${at('d')};
    let y = ${at(`d + ${half}`)};
    result[to + d] = x * c + y * s;
    result[to + d + ${half}] = y * c - x * s;
  }`;
  }
  return `${start}
  for (var d = 0; d < ${D}; d++) { result[to + d] = ${at('d')}${role === 'forward' ? ' / total' : ''}; }`;
}
