/** The part of the results page that is made of `lacuna bench`'s records: the latest of each kind. */
import { markdownTable } from '../table.ts';
import { type Measured, measuredOn, type Records } from './records.ts';

interface OnnxRow {
  readonly task: string;
  readonly tokens: number;
  readonly lacunaMs: number;
  readonly lacunaFloatMs: number;
  readonly onnxruntimeWebMs?: number;
  readonly onnxruntimeNodeMs?: number;
}

export function latencySection(benchmarks: Records['benchmarks']): string[] {
  /** The latest whose name begins so, after the date, and that has this field. */
  const latest = <T>(kind: string, field: string) => {
    const found = [...benchmarks].filter(
      ([name, record]) => name.replace(/^[\d-]+/, '').startsWith(kind) && field in record,
    );
    found.sort(([, a], [, b]) => ((a.date ?? '') < (b.date ?? '') ? -1 : 1));
    return found.at(-1)?.[1] as (T & Measured) | undefined;
  };
  const edge = latest<{
    p50Ms: number;
    p99Ms: number;
    tokens: number;
    firstRequestMs: number;
    bundleGzipBytes: number;
  }>('edge', 'p50Ms');
  const load = latest<{ requestsPerSecond: number; p50Ms: number; p99Ms: number; connections: number }>(
    'load',
    'p50Ms',
  );
  const onnx = latest<{ rows: readonly OnnxRow[] }>('onnx', 'rows');
  const rows: string[][] = [];
  const ms = (value: number | undefined) => (value === undefined ? '–' : `${value.toFixed(1)} ms`);
  if (edge) {
    const at = measuredOn(edge);
    rows.push(
      [
        `fill-mask of ${edge.tokens} tokens over HTTP, median; 99 %`,
        `${ms(edge.p50Ms)}; ${ms(edge.p99Ms)}`,
        '`lacuna bench edge`',
        at,
      ],
      ['first request, model load included', ms(edge.firstRequestMs), '', at],
      ['the Worker without models, gzip', `${(edge.bundleGzipBytes / 1000).toFixed(0)} kB`, '', at],
    );
  }
  if (load) {
    const figure = `${load.requestsPerSecond.toFixed(0)} requests/s; ${ms(load.p50Ms)}; ${ms(load.p99Ms)}`;
    rows.push([`${load.connections} clients at once; median; 99 %`, figure, '`lacuna bench load`', measuredOn(load)]);
  }
  for (const row of onnx?.rows ?? []) {
    const figure = `${ms(row.lacunaMs)}; ${ms(row.lacunaFloatMs)}; ${ms(row.onnxruntimeWebMs)}; ${ms(row.onnxruntimeNodeMs)}`;
    const what = `${row.task}, ${row.tokens} tokens, one thread: int8; float; onnxruntime-web; onnxruntime-node`;
    rows.push([what, figure, '`lacuna bench onnx`', measuredOn(onnx as Measured)]);
  }
  return rows.length === 0
    ? ['None recorded yet.']
    : [markdownTable(['what', 'figure', 'command', 'measured on'], rows)];
}
