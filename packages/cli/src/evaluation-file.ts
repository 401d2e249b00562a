/** An evaluation's figures as a file: what model cards and the results page are made of. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';
import { commit, runFacts } from './machine.ts';

/** Writes the fields of an answer with where and when they were measured. Throws `write_failed`. */
export function writeEvaluation(path: string, fields: Readonly<Record<string, unknown>>): void {
  writeJsonFile(path, { ...runFacts(), commit: commit(), ...fields });
}

/** JSON that people read as well. Throws `write_failed`. */
export function writeJsonFile(path: string, value: unknown): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new LacunaError('write_failed', `${path}: cannot be written: ${reason}.`, { path }, { cause });
  }
}
