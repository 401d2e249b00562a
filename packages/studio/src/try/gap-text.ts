/** A text as words that can be hidden: what the playground shows, and what it asks the model. */

/** What a model reads where a word is hidden. */
const MASK = '[MASK]';
const WORDS = /\[MASK\]|[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu;

export interface Word {
  readonly kind: 'word';
  /** Empty where the text itself says `[MASK]`: what stood there is unknown. */
  readonly text: string;
  readonly isHidden: boolean;
  /** Whether the model put it there. */
  readonly isFilled?: boolean;
}

/** What stands between words. */
interface Between {
  readonly kind: 'between';
  readonly text: string;
}

export type Part = Word | Between;
export type GapText = readonly Part[];

export function parseText(text: string): GapText {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(WORDS)) {
    if (match.index > at) parts.push({ kind: 'between', text: text.slice(at, match.index) });
    const isGap = match[0] === MASK;
    parts.push({ kind: 'word', text: isGap ? '' : match[0], isHidden: isGap });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ kind: 'between', text: text.slice(at) });
  return parts;
}

/** The new text: words that stand as before, from its beginning or up to its end, are hidden as before. */
export function retype(before: GapText, text: string): GapText {
  const parts = [...parseText(text)];
  const keep = (to: number, from: number): boolean => {
    const [now, then] = [parts[to], before[from]];
    if (now?.kind !== then?.kind || now?.text !== then?.text || !then) return false;
    parts[to] = then;
    return true;
  };
  let start = 0;
  while (start < parts.length && keep(start, start)) start++;
  const room = Math.min(parts.length, before.length) - start;
  for (let end = 1; end <= room && keep(parts.length - end, before.length - end); end++);
  return parts;
}

/** The text with its longest word hidden, to begin with; one that has a gap stays as it is. */
export function hideLongest(text: string): GapText {
  const parts = parseText(text);
  if (gapsOf(parts).length > 0) return parts;
  const lengths = parts.map((part) => (part.kind === 'word' ? part.text.length : 0));
  return toggle(parts, lengths.lastIndexOf(Math.max(...lengths)));
}

/** Hides the part, or shows it again; of what is unknown there is nothing to show. */
export function toggle(text: GapText, at: number): GapText {
  return text.map((part, i) => {
    if (i !== at || part.kind === 'between' || part.text === '') return part;
    return { kind: 'word', text: part.text, isHidden: !part.isHidden };
  });
}

/** Where the gaps stand among the parts, in order. */
export function gapsOf(text: GapText): number[] {
  return [...text.keys()].filter((at) => isGap(text[at] as Part));
}

/** As it is typed: hidden words are there. */
export function plainText(text: GapText): string {
  return text.map((part) => (part.kind === 'word' && part.text === '' ? MASK : part.text)).join('');
}

/** As the model reads it. */
export function maskedText(text: GapText): string {
  return text.map((part) => (isGap(part) ? MASK : part.text)).join('');
}

/** Puts a candidate into a gap, counted from 0. */
export function fillGap(text: GapText, gap: number, piece: string): GapText {
  const at = gapsOf(text)[gap];
  return text.map((part, i) => (i === at ? { kind: 'word', text: piece, isHidden: false, isFilled: true } : part));
}

function isGap(part: Part): part is Word {
  return part.kind === 'word' && part.isHidden;
}
