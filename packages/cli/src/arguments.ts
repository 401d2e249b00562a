/** Reads a command line against a command's options; every mistake is a UsageError that names the option. */
import { parseArgs } from 'node:util';
import { type Command, type Option, type Options, UsageError, type Values } from './command.ts';
import { parseQuantity } from './quantity.ts';

/** Options that every command has. */
export const COMMON_OPTIONS = {
  json: { kind: 'flag', about: 'print one JSON object on standard output; progress stays on standard error' },
  help: { kind: 'flag', about: 'show this help' },
} as const satisfies Options;

export interface ParsedLine<O extends Options> {
  readonly options: Values<O>;
  readonly positionals: readonly string[];
  /** Names of the options that stood on the line. */
  readonly given: ReadonlySet<string>;
  readonly json: boolean;
  readonly help: boolean;
}

export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * Parses `line` for `command`. A list option takes every word up to the next option (`--text A B C`) and may be
 * repeated; `--` ends it. With `--help` nothing is required.
 */
export function parseLine<O extends Options>(command: Command<O>, line: readonly string[]): ParsedLine<O> {
  const all: Options = { ...command.options, ...COMMON_OPTIONS };
  const given = readTokens(command.name, all, line);
  const help = given.flags.has('help');
  const options: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(all)) {
    options[name] = help ? undefined : readValue(command.name, name, option, given);
  }
  const expected = command.positionals ?? [];
  const required = expected.filter((name) => !name.startsWith('['));
  if (!help && (given.positionals.length < required.length || given.positionals.length > expected.length)) {
    const got = given.positionals.map((word) => JSON.stringify(word)).join(' ') || 'none';
    throw new UsageError(`${command.name}: expected ${expected.join(' ') || 'no bare words'}, got ${got}.`);
  }
  // Each value was checked against its option's kind just above.
  return {
    options: options as Values<O>,
    positionals: given.positionals,
    given: new Set([...given.flags, ...given.texts.keys()]),
    json: given.flags.has('json'),
    help,
  };
}

interface Given {
  readonly flags: Set<string>;
  readonly texts: Map<string, string[]>;
  readonly positionals: string[];
}

function readTokens(command: string, all: Options, line: readonly string[]): Given {
  const names = new Map(Object.keys(all).map((name) => [kebab(name), name]));
  const given: Given = { flags: new Set(), texts: new Map(), positionals: [] };
  let openList: string[] | undefined;
  for (const token of tokensOf(command, all, line)) {
    if (token.kind === 'option') {
      const name = names.get(token.name) ?? token.name;
      openList = undefined;
      if (token.value === undefined) given.flags.add(name);
      else {
        const texts = given.texts.get(name) ?? [];
        texts.push(token.value);
        given.texts.set(name, texts);
        if (all[name]?.kind === 'list') openList = texts;
      }
    } else if (token.kind === 'positional') {
      (openList ?? given.positionals).push(token.value);
    } else {
      openList = undefined;
    }
  }
  return given;
}

function tokensOf(command: string, all: Options, line: readonly string[]) {
  const options = Object.fromEntries(
    Object.entries(all).map(([name, option]) => [
      kebab(name),
      { type: option.kind === 'flag' ? ('boolean' as const) : ('string' as const), multiple: true },
    ]),
  );
  try {
    return parseArgs({ args: [...line], options, allowPositionals: true, strict: true, tokens: true }).tokens;
  } catch (error) {
    const reason =
      error instanceof Error ? (error.message.split(/\. |\n/)[0] as string).replace(/\.$/, '') : String(error);
    throw new UsageError(`${command}: ${reason}. See lacuna ${command} --help.`);
  }
}

function readValue(command: string, name: string, option: Option, given: Given): unknown {
  if (option.kind === 'flag') return given.flags.has(name);
  const texts = given.texts.get(name);
  const flag = `--${kebab(name)}`;
  const fail = (expected: string, got: string): never => {
    throw new UsageError(`${command}: ${flag} must be ${expected}, got ${got}.`, { option: flag, expected, got });
  };
  if (texts === undefined) {
    if ('required' in option) fail(option.value ?? 'given', 'nothing');
    return option.default;
  }
  if (option.kind === 'list') return texts;
  if (texts.length > 1) fail('given once', `${texts.length} values`);
  const text = texts[0] as string;
  if (option.kind === 'text') return text;
  if (option.kind === 'choice') {
    return option.choices.includes(text) ? text : fail(option.choices.join(' or '), JSON.stringify(text));
  }
  const value = parseQuantity(text);
  if (value === undefined) return fail(`a${option.kind === 'integer' ? 'n integer' : ' number'}`, JSON.stringify(text));
  if (option.kind === 'integer' && !Number.isInteger(value)) return fail('an integer', text);
  if (option.min !== undefined && value < option.min) return fail(`at least ${option.min}`, text);
  if (option.max !== undefined && value > option.max) return fail(`at most ${option.max}`, text);
  return value;
}
