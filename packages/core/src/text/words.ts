/**
 * Splits raw text as the tokenizer's normaliser and pre-tokenizer would, at the speed of a scan: words of plain ASCII
 * are found here, anything else is handed over whole. First step of encoding and of counting words.
 */

const WORD = 0;
const SPACE = 1;
const PUNCTUATION = 2;
const DIGIT = 3;
const CONTROL = 4;

/** Class of every ASCII code. */
const CLASSES = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code === 32 || (code >= 9 && code <= 13)) return SPACE;
  if (code >= 48 && code <= 57) return DIGIT;
  const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  if (code < 32 || code === 127) return CONTROL;
  return letter ? WORD : PUNCTUATION;
});

/**
 * Calls `visit(start, end, plain)` for stretches of `text` in order.
 *
 * Text is cut at ASCII white space: neither NFKC nor lower-casing looks across it. A stretch between two cuts that is
 * all ASCII is cut further into words, single punctuation marks and single digits, each visited with `plain` true:
 * lower-casing it is all the normalising it needs. A stretch with other characters, control characters among them, or
 * that may hold a special token such as `[MASK]`, is visited as one with `plain` false.
 */
export function visitWords(text: string, visit: (start: number, end: number, plain: boolean) => void): void {
  const length = text.length;
  let at = 0;
  while (at < length) {
    let code = text.charCodeAt(at);
    if (code < 128 && CLASSES[code] === SPACE) {
      at++;
      continue;
    }
    const start = at;
    let plain = true;
    let uniform = true;
    while (at < length) {
      code = text.charCodeAt(at);
      if (code >= 128) plain = false;
      else {
        const kind = CLASSES[code];
        if (kind === SPACE) break;
        if (kind !== WORD) {
          uniform = false;
          if (kind === CONTROL) plain = false;
          // `[` and a capital: perhaps a special token.
          if (code === 91 && at + 1 < length) {
            const next = text.charCodeAt(at + 1);
            if (next >= 65 && next <= 90) plain = false;
          }
        }
      }
      at++;
    }
    if (!plain || uniform) {
      visit(start, at, plain);
      continue;
    }
    let from = start;
    while (from < at) {
      let to = from + 1;
      if (CLASSES[text.charCodeAt(from)] === WORD) {
        while (to < at && CLASSES[text.charCodeAt(to)] === WORD) to++;
      }
      visit(from, to, true);
      from = to;
    }
  }
}

/** A copy of text[start, end) that holds on to nothing: engines keep a whole line alive for one slice of it. */
export function detachedSlice(text: string, start: number, end: number): string {
  if (end - start < 13) return text.slice(start, end);
  let copy = '';
  for (let from = start; from < end; from += 1024) {
    const codes: number[] = [];
    for (let i = from; i < Math.min(end, from + 1024); i++) codes.push(text.charCodeAt(i));
    copy += String.fromCharCode(...codes);
  }
  return copy;
}
