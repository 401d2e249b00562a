/** What a call into a worker comes to: a value, or a failure that keeps its code and facts across the boundary. */
import { type ErrorCode, LacunaError } from '@lacuna/core/errors';

/** A `LacunaError` as plain data. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export type Outcome<T> = { readonly value: T } | { readonly failed: Failure };

export async function outcomeOf<T>(work: () => Promise<T> | T): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { failed: failureOf(error) };
  }
}

/** The value; throws the failure as the `LacunaError` that it was. */
export function unwrapped<T>(outcome: Outcome<T>): T {
  if ('value' in outcome) return outcome.value;
  throw errorOf(outcome.failed);
}

export function errorOf({ code, message, facts }: Failure): LacunaError {
  return new LacunaError(code, message, facts);
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof LacunaError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'internal', message: `worker: ${message}`, facts: {} };
  }
  const { code, message, facts } = error;
  // Facts are for programs, and a program on the other side can only be given what can be posted.
  return { code, message, facts: JSON.parse(JSON.stringify(facts)) as Record<string, unknown> };
}
