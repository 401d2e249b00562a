/** Files that the command line names, whole. */
import { readFileSync } from 'node:fs';
import { type ErrorCode, LacunaError } from '@lacuna/core/errors';

/** Throws `file_not_found`. */
export function readText(what: string, path: string, known: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LacunaError('file_not_found', `${what}: expected ${known}, got no file at ${path}.`, { path }, { cause });
  }
}

/** Throws `file_not_found`, or `code` when what is there is no JSON. */
export function readJson(what: string, path: string, code: ErrorCode, known = 'a JSON file'): unknown {
  const text = readText(what, path, known);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LacunaError(code, `${what}: expected JSON in ${path}, got something else.`, { path }, { cause });
  }
}
