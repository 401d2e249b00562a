/** Options that are one number or two: `0.3`, `0.4:0.15`, `4k:24k`. */
import { UsageError } from './command.ts';
import { parseQuantity } from './quantity.ts';

/** Reads `a` or `a:b`. Throws a UsageError that names the option. */
export function parseRange(option: string, text: string): number | readonly [number, number] {
  const parts = text.split(':').map(parseQuantity);
  const [first, second] = parts;
  if (first === undefined || parts.length > 2 || parts.includes(undefined)) {
    throw new UsageError(`${option} must be a number or two with a colon between, got ${JSON.stringify(text)}.`);
  }
  return second === undefined ? first : [first, second];
}

/** The same where every number must be a whole one above 0. */
export function parseIntegerRange(option: string, text: string): number | readonly [number, number] {
  const range = parseRange(option, text);
  for (const n of typeof range === 'number' ? [range] : range) {
    if (!Number.isInteger(n) || n < 1) throw new UsageError(`${option} must be whole and above 0, got ${text}.`);
  }
  return range;
}

/** `a` as `[a, a]`. */
export function bothEnds(range: number | readonly [number, number]): readonly [number, number] {
  return typeof range === 'number' ? [range, range] : range;
}
