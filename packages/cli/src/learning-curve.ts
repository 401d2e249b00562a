/** How a run's held-out figures went, out of its log: by tokens and by seconds. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';

export interface CurvePoint {
  readonly step: number;
  readonly tokens: number;
  /** Of training, the scoring of held-out text included. */
  readonly seconds: number;
  readonly top1?: number;
  readonly accuracy?: number;
  readonly macroF1?: number;
  readonly crossEntropy: number;
}

interface LogEntry {
  readonly type: string;
  readonly step?: number;
  readonly tokens?: number;
  readonly seconds?: number;
  readonly metrics?: Readonly<Record<string, number>>;
}

/**
 * The evaluations that a run's log holds, rounded to what a plot shows. What came after the checkpoint that a run was
 * resumed from is left out: it was trained again. Throws `file_not_found`, `malformed_data`.
 */
export function learningCurve(folder: string): CurvePoint[] {
  const path = join(folder, 'log.jsonl');
  if (!existsSync(path)) {
    throw new LacunaError('file_not_found', `curve: expected the log of a run, got no file at ${path}.`, { path });
  }
  let points: CurvePoint[] = [];
  for (const entry of entriesOf(path)) {
    const { type, step = 0, tokens = 0, seconds = 0, metrics } = entry;
    if (type === 'resume') points = points.filter((point) => point.step <= step);
    if (type !== 'evaluation' || metrics === undefined) continue;
    const { top1, accuracy, macroF1, crossEntropy = Number.NaN } = metrics;
    const named = Object.entries({ top1, accuracy, macroF1, crossEntropy }).filter(([, value]) => value !== undefined);
    const rounded = named.map(([name, value]) => [name, Number((value as number).toFixed(4))]);
    points.push({ step, tokens, seconds: Math.round(seconds), ...Object.fromEntries(rounded) });
  }
  return points;
}

function entriesOf(path: string): LogEntry[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.flatMap((line, i) => {
    // A run that was killed may have cut its last line, and one that is resumed goes on behind it.
    const entry = line.slice(Math.max(0, line.lastIndexOf('{"type":')));
    if (entry === '') return [];
    try {
      return [JSON.parse(entry) as LogEntry];
    } catch (cause) {
      if (i === lines.length - 1) return [];
      throw new LacunaError(
        'malformed_data',
        `${path}: line ${i + 1}: expected JSON, got something else.`,
        { path, line: i + 1 },
        { cause },
      );
    }
  });
}
