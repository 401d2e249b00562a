/** An error as a code and a sentence, for people and for messages between workers. */
import { LacunaError } from '@lacuna/core/errors';

export function describeError(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof LacunaError) return { code: error.code, message: error.message };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}
