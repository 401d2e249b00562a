/** From tokens back to readable text: pieces joined, punctuation spaced as in print. Used by the tokenizer's `decode`. */
import { CONTINUATION_PREFIX } from './tokenizer-json.ts';

const NO_SPACE_BEFORE = new Set(['.', ',', '!', '?', ';', ':', ')', ']', '}', '%', '’', '”', '…']);
const NO_SPACE_AFTER = new Set(['(', '[', '{', '$', '£', '€', '#', '“', '‘', '@']);
/** Marks that join what stands on both sides, where both sides are words or digits. */
const JOINING = new Set(['-', '/', '_', '’', "'"]);
/** What follows an apostrophe in a contraction. */
const CONTRACTED = new Set(['s', 't', 'm', 'd', 'll', 're', 've']);
/** What follows a number without a space. */
const ORDINAL = new Set(['st', 'nd', 'rd', 'th', 's']);
const DIGIT = /^\d$/;
const WORD = /^[\p{L}\p{N}]/u;

/**
 * Joins tokens: `##` pieces to their word, digits to numbers, `.` and `,` within numbers, hyphens within words,
 * apostrophes in contractions; quotation marks alternate between opening and closing.
 * Splitting lost the spaces of the text, so this is a good guess, not an inverse.
 */
export function joinTokens(tokens: readonly string[]): string {
  let text = '';
  let glue = true;
  const open = { '"': false, "'": false };
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as string;
    const before = tokens[i - 1] ?? '';
    const after = tokens[i + 1] ?? '';
    if (token.startsWith(CONTINUATION_PREFIX) && token.length > CONTINUATION_PREFIX.length) {
      text += token.slice(CONTINUATION_PREFIX.length);
      glue = false;
      continue;
    }
    const wordBefore = WORD.test(before.replace(CONTINUATION_PREFIX, ''));
    const contraction = token === "'" && wordBefore && CONTRACTED.has(after);
    let space = !glue;
    glue = false;
    if (DIGIT.test(before) && ((token === '.' && DIGIT.test(after)) || (token === ',' && isThousands(tokens, i + 1)))) {
      space = false;
      glue = true;
    } else if (contraction || (JOINING.has(token) && token !== "'" && wordBefore && WORD.test(after))) {
      space = false;
      glue = true;
    } else if (token === '"' || token === "'") {
      if (open[token]) space = false;
      else glue = true;
      open[token] = !open[token];
    } else if (NO_SPACE_BEFORE.has(token)) space = false;
    else if (NO_SPACE_AFTER.has(token)) glue = true;
    else if (DIGIT.test(before) && (DIGIT.test(token) || ORDINAL.has(token))) space = false;
    text += space ? ` ${token}` : token;
  }
  return text;
}

/** Whether exactly three digits begin at `from`: `1,000`, but `1984, 3`. */
function isThousands(tokens: readonly string[], from: number): boolean {
  let digits = 0;
  while (digits < 4 && DIGIT.test(tokens[from + digits] ?? '')) digits++;
  return digits === 3;
}
