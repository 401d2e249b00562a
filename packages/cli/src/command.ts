/** What a command is: a name, options described as data (parsing and help read the same description) and a function. */
import { LacunaError } from '@lacuna/core/errors';
import type { Progress } from './progress.ts';

interface Described {
  /** What stands behind the option in the help, e.g. `FILE`. */
  readonly value?: string;
  readonly about: string;
}

export type Option = Described &
  (
    | { readonly kind: 'flag' }
    | { readonly kind: 'text'; readonly default?: string; readonly required?: true }
    | { readonly kind: 'list'; readonly default?: readonly string[]; readonly required?: true }
    | { readonly kind: 'choice'; readonly choices: readonly string[]; readonly default?: string }
    | { readonly kind: 'number' | 'integer'; readonly default?: number; readonly min?: number; readonly max?: number }
  );

/** Options by name in camelCase; on the command line they are written in kebab-case. */
export type Options = Readonly<Record<string, Option>>;

type Parsed<O> = O extends { kind: 'flag' }
  ? boolean
  : O extends { kind: 'list' }
    ? readonly string[]
    : O extends { kind: 'choice'; choices: readonly (infer C)[] }
      ? C
      : O extends { kind: 'number' | 'integer' }
        ? number
        : string;
type Given<O> = O extends { kind: 'flag' } | { required: true } | { default: unknown }
  ? Parsed<O>
  : Parsed<O> | undefined;

/** The values that parsing gives for a record of options: absent ones without a default are undefined. */
export type Values<O extends Options> = { readonly [K in keyof O]: Given<O[K]> };

/** What a command works with besides its options. */
export interface Session {
  readonly json: boolean;
  readonly progress: Pick<Progress, 'update' | 'note' | 'clear'>;
  /** Aborts at the first Ctrl-C: stop at the next good moment and keep what was done. */
  readonly signal: AbortSignal;
  /** Options that were written on the command line, by their names in camelCase; the rest are defaults. */
  readonly given: ReadonlySet<string>;
}

/** What a command answers: fields for `--json`, lines for people. */
export interface Answer {
  /** Left out where the command has printed its one JSON object already. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** 0 when left out. */
  readonly exitCode?: number;
}

export interface Command<O extends Options = Options> {
  readonly name: string;
  readonly about: string;
  /** Names of the positional arguments; all of them are required unless in square brackets, `[WHAT]`. */
  readonly positionals?: readonly string[];
  readonly options: O;
  readonly examples: readonly string[];
  run(options: Values<O>, positionals: readonly string[], session: Session): Promise<Answer>;
}

/** Only for its types: checks `run` against the options described. */
export function defineCommand<const O extends Options>(command: Command<O>): Command<O> {
  return command;
}

/** A mistake on the command line: exit code 2. */
export class UsageError extends LacunaError {
  constructor(message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super('invalid_argument', message, facts);
  }
}
