/** What the repository has recorded, as the results page reads it: the JSON files of `bench`. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';
import type { AblationReport } from '../ablation/report.ts';
import type { CurvePoint } from '../learning-curve.ts';
import type { Evaluation } from '../model-card.ts';
import { readJson } from '../read-json.ts';

export interface Curve {
  readonly name: string;
  readonly about: string;
  /** Whether the run had reached its end. */
  readonly complete: boolean;
  readonly points: readonly CurvePoint[];
}

/** A figure from a paper or a model's page; not measured here. */
export interface Published {
  /** The evaluations that it stands beside. */
  readonly set: string;
  readonly model: string;
  readonly parameters: string;
  readonly figure: string;
  readonly value: number;
  readonly source: string;
  readonly remark?: string;
}

/** Where and when a record was made. */
export interface Measured {
  readonly date?: string;
  readonly cpu?: string;
}

/** `AMD EPYC × 2, 2026-11-25` */
export function measuredOn({ cpu, date }: Measured): string {
  return [cpu, date?.slice(0, 10)].filter(Boolean).join(', ');
}

export interface Records {
  readonly curves: readonly Curve[];
  readonly ablations: readonly (AblationReport & Measured)[];
  /** By the file's name: `fill`, `fill.teacher`. */
  readonly evaluations: ReadonlyMap<string, Evaluation>;
  /** Of `lacuna bench`, by the file's name. */
  readonly benchmarks: ReadonlyMap<string, Measured>;
  readonly published: readonly Published[];
}

/** Throws `malformed_data` for a file that is no JSON. */
export function readRecords(folder: string): Records {
  const read = <T>(kind: string): ReadonlyMap<string, T> => {
    const path = join(folder, kind);
    const names = existsSync(path) ? readdirSync(path).filter((name) => name.endsWith('.json')) : [];
    return new Map(names.sort().map((name) => [basename(name, '.json'), open(join(path, name)) as T]));
  };
  const published = join(folder, 'published.json');
  return {
    curves: [...read<Curve>('curves').values()],
    ablations: [...read<AblationReport>('ablations').values()],
    evaluations: read<Evaluation>('evaluations'),
    benchmarks: read<Measured>('results'),
    published: existsSync(published) ? (open(published) as Published[]) : [],
  };
}

function open(path: string): unknown {
  const value = readJson('results', path, 'malformed_data');
  if (typeof value === 'object' && value !== null) return value;
  throw new LacunaError('malformed_data', `results: expected an object in ${path}, got ${typeof value}.`, { path });
}
