/** A text with `[MASK]` in it as a batch of one sequence with gaps, and candidates as results. */
import { LacunaError } from '../errors.ts';
import type { MaskedBatch } from '../model/batch.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { CONTINUATION_PREFIX } from '../text/tokenizer-json.ts';
import type { FillMaskCandidate } from './options.ts';

export const MASK = '[MASK]';

/** Candidates a gap where no number and no targets are given. */
export const DEFAULT_TOP_K = 5;

/**
 * The text's tokens with its gaps as mask tokens. With `truncate`, a text over `maxLength`, the separators around it
 * counted, keeps a window around its gaps. Throws `no_mask_token`, `text_too_long`.
 */
export function gapTokens(tokenizer: Tokenizer, text: string, maxLength: number, truncate: boolean): Int32Array {
  const encoded = tokenizer.encode(text);
  if (!encoded.includes(tokenizer.maskId)) {
    throw new LacunaError(
      'no_mask_token',
      `fill-mask: the text must hold ${MASK} where something is missing, got none.`,
    );
  }
  return encoded.length + 2 > maxLength ? aroundGaps(tokenizer, encoded, maxLength - 2, truncate) : encoded;
}

/** `[SEP] tokens [SEP]` without the masked ones. */
export function gapBatch({ sepId, maskId }: Tokenizer, tokens: Int32Array): MaskedBatch {
  const visible: number[] = [sepId];
  const visibleAt: number[] = [0];
  const gapsAt: number[] = [];
  tokens.forEach((id, i) => {
    if (id === maskId) gapsAt.push(i + 1);
    else {
      visible.push(id);
      visibleAt.push(i + 1);
    }
  });
  visible.push(sepId);
  visibleAt.push(tokens.length + 1);
  return {
    kind: 'masked',
    batchSize: 1,
    visibleLength: visible.length,
    gapLength: gapsAt.length,
    visibleIds: Int32Array.from(visible),
    visiblePositions: Int32Array.from(visibleAt),
    gapPositions: Int32Array.from(gapsAt),
    labels: new Int32Array(gapsAt.length).fill(-100),
  };
}

/** A window of `room` tokens with all gaps in its middle. */
function aroundGaps(tokenizer: Tokenizer, tokens: Int32Array, room: number, truncate: boolean): Int32Array {
  const first = tokens.indexOf(tokenizer.maskId);
  const last = tokens.lastIndexOf(tokenizer.maskId);
  if (!truncate || last - first + 1 > room) {
    throw tooLong('fill-mask', tokens.length, room, truncate ? 'The gaps are too far apart.' : 'Ask to truncate.');
  }
  const middle = Math.floor((first + last + 1 - room) / 2);
  const from = Math.max(0, Math.min(middle, tokens.length - room));
  return tokens.subarray(from, from + room);
}

export function tooLong(where: string, tokens: number, room: number, help: string): LacunaError {
  return new LacunaError(
    'text_too_long',
    `${where}: the text must have at most ${room} tokens, got ${tokens}. ${help}`,
    {
      tokens,
      limit: room,
    },
  );
}

/** Ids of words that are one piece each, in the order given, each once. Throws `unknown_target`. */
export function targetIds(tokenizer: Tokenizer, targets: readonly string[]): number[] {
  const found = targets.map((target) => {
    const exact = tokenizer.idOf(target);
    if (exact !== undefined && !tokenizer.isSpecial(exact)) return exact;
    const ids = tokenizer.encode(target);
    const [id] = ids;
    if (ids.length === 1 && id !== undefined && !tokenizer.isSpecial(id)) return id;
    throw new LacunaError(
      'unknown_target',
      `fill-mask: a target must be one piece of the vocabulary, got ${JSON.stringify(target)} (${ids.length} pieces).`,
      { target, pieces: ids.length },
    );
  });
  return [...new Set(found)];
}

/**
 * Candidates for gap number `gap` of `text` from its logits, best first: the `topK` best of the pieces that may stand
 * there, or of `targets`.
 */
export function candidates(
  tokenizer: Tokenizer,
  text: string,
  gap: number,
  logits: Float32Array,
  topK: number,
  targets: readonly number[] | undefined,
): FillMaskCandidate[] {
  let most = Number.NEGATIVE_INFINITY;
  // A comparison takes a seventh of the time of `Math.max`.
  for (let i = 0; i < logits.length; i++) if ((logits[i] as number) > most) most = logits[i] as number;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp((logits[i] as number) - most);
  const before = textBefore(text, gap);
  const chosen = targets ? [...targets] : largest(logits, topK, piecesAfter(tokenizer, before));
  chosen.sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  return chosen.slice(0, topK).map((token) => {
    const piece = tokenizer.tokenOf(token);
    const joins = tokenizer.isContinuation(token);
    const token_str = joins ? piece.slice(CONTINUATION_PREFIX.length) : piece;
    const score = Math.exp((logits[token] as number) - most) / sum;
    return { score, token, token_str, sequence: filled(text, before, token_str, joins) };
  });
}

function largest(logits: Float32Array, count: number, allowed: (id: number) => boolean): number[] {
  const kept: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const value = logits[id] as number;
    if (kept.length === count && value <= (logits[kept[count - 1] as number] as number)) continue;
    if (!allowed(id)) continue;
    let place = kept.length;
    while (place > 0 && (logits[kept[place - 1] as number] as number) < value) place--;
    kept.splice(place, 0, id);
    if (kept.length > count) kept.pop();
  }
  return kept;
}

function textBefore(text: string, gap: number): string {
  let at = -1;
  for (let i = 0; i <= gap; i++) at = text.indexOf(MASK, at + 1);
  return text.slice(0, at);
}

/**
 * Which pieces may stand behind `before`. The model does not see where the text has spaces, but the text says it: behind
 * letters (`un[MASK]`) stands what goes on within the word, elsewhere what begins one. Behind another gap or a digit it
 * may be either.
 */
function piecesAfter(tokenizer: Tokenizer, before: string): (id: number) => boolean {
  const last = before.slice(-2); // one character, of two units at most
  const either = before.endsWith(MASK) || /\p{N}$/u.test(last);
  const withinWord = /[\p{L}\p{M}]$/u.test(last);
  return (id) => !tokenizer.isSpecial(id) && (either || tokenizer.isContinuation(id) === withinWord);
}

/** `text` with the mask behind `before` replaced; a piece that goes on within a word takes the white space before it. */
function filled(text: string, before: string, piece: string, joins: boolean): string {
  return (joins ? before.trimEnd() : before) + piece + text.slice(before.length + MASK.length);
}
