/**
 * Trains a vocabulary from a stream of lines: counts words, then merges pairs of pieces by their count (as byte-pair
 * encoding does, not by WordPiece's likelihood ratio) and writes the result as WordPiece. Free of any environment.
 */
import { LacunaError } from '../errors.ts';
import { SPECIAL_TOKENS } from '../model/config.ts';
import { PairMerges } from './pair-merges.ts';
import { CONTINUATION_PREFIX, MAX_WORD_LENGTH, type TokenizerJson, tokenizerJson } from './tokenizer-json.ts';
import { MAX_DISTINCT_WORDS, WordCounts } from './word-counts.ts';

export interface TokenizerTrainingOptions {
  /** Pieces, special tokens included. Default 8192. Reached exactly unless the text runs out of repeated pairs. */
  readonly vocabSize?: number;
  /** Stop reading after about so much text, in UTF-16 units. Default: all of it. */
  readonly maxBytes?: number;
  /** Different words kept while counting: bounds the memory. Default 1,000,000. */
  readonly maxDistinctWords?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TokenizerTrainingProgress) => void;
}

export interface TokenizerTrainingProgress {
  readonly phase: 'counting' | 'merging';
  /** Text read, in UTF-16 units. */
  readonly bytes: number;
  /** Pieces so far. */
  readonly pieces: number;
  readonly vocabSize: number;
}

const LEAST_VOCAB_SIZE = 128;
const MOST_VOCAB_SIZE = 1 << 20;
/** Fewer words than this make no vocabulary. */
const LEAST_WORDS = 32;
/** Other characters must make up this share of the text to be in the alphabet: a merge is worth more than a rarer one. */
const LEAST_CHARACTER_SHARE = 3e-6;
const BYTES_A_PAUSE = 1 << 22;
const MERGES_A_PAUSE = 256;

const range = (first: string, last: string): string[] => {
  const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
  return Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i));
};
/** Always in the vocabulary, so that no word of plain ASCII is ever unknown. */
const ASCII_PIECES: readonly string[] = [
  ...range('!', '@'),
  ...range('[', '`'),
  ...range('a', 'z'),
  ...range('{', '~'),
  ...range('a', 'z').map((letter) => CONTINUATION_PREFIX + letter),
];

/**
 * Trains on `lines` and returns a `tokenizer.json`.
 *
 * The alphabet is ASCII plus the other characters that are not too rare (3 in a million), at most
 * max(64, vocabSize / 16) pieces of them; words with rarer ones encode as `[UNK]`. The same text gives the same vocabulary whatever the order of its lines, as long
 * as no word was pruned.
 *
 * @throws `empty_text`, `text_too_short` (under 32 words), `invalid_argument` (vocabSize), `aborted`.
 */
export async function trainTokenizer(
  lines: AsyncIterable<string>,
  options: TokenizerTrainingOptions = {},
): Promise<TokenizerJson> {
  const { vocabSize = 8192, maxBytes = Number.POSITIVE_INFINITY, signal, onProgress } = options;
  if (!Number.isInteger(vocabSize) || vocabSize < LEAST_VOCAB_SIZE || vocabSize > MOST_VOCAB_SIZE) {
    throw new LacunaError(
      'invalid_argument',
      `tokenizer: expected vocabSize from ${LEAST_VOCAB_SIZE} to ${MOST_VOCAB_SIZE}, got ${vocabSize}.`,
      { vocabSize, least: LEAST_VOCAB_SIZE, most: MOST_VOCAB_SIZE },
    );
  }
  const counts = new WordCounts(options.maxDistinctWords ?? MAX_DISTINCT_WORDS);
  let bytes = 0;
  let pauseAt = BYTES_A_PAUSE;
  checkAborted(signal);
  for await (const line of lines) {
    counts.add(line);
    bytes += line.length + 1;
    if (bytes >= pauseAt) {
      pauseAt += BYTES_A_PAUSE;
      onProgress?.({ phase: 'counting', bytes, pieces: 0, vocabSize });
      await pause(signal);
    }
    if (bytes >= maxBytes) break;
  }
  if (counts.seen < LEAST_WORDS) {
    const code = counts.seen === 0 ? 'empty_text' : 'text_too_short';
    throw new LacunaError(
      code,
      `tokenizer: expected at least ${LEAST_WORDS} words to train on, got ${counts.seen}. Is this the right file?`,
      { words: counts.seen, least: LEAST_WORDS },
    );
  }
  const words = counts.words();
  for (const word of words.keys()) {
    if (word.length > MAX_WORD_LENGTH && [...word].length > MAX_WORD_LENGTH) words.delete(word);
  }
  const merges = new PairMerges([...SPECIAL_TOKENS, ...alphabet(words, vocabSize)], words, vocabSize);
  for (let i = 1; merges.pieces.length < vocabSize && merges.merge(); i++) {
    if (i % MERGES_A_PAUSE === 0) {
      onProgress?.({ phase: 'merging', bytes, pieces: merges.pieces.length, vocabSize });
      await pause(signal);
    }
  }
  onProgress?.({ phase: 'merging', bytes, pieces: merges.pieces.length, vocabSize });
  return tokenizerJson(merges.pieces);
}

/** ASCII, then the most frequent other first and following characters, in code order. */
function alphabet(words: ReadonlyMap<string, number>, vocabSize: number): string[] {
  const counts = new Map<string, number>();
  let total = 0;
  for (const [word, count] of words) {
    let prefix = '';
    for (const character of word) {
      const piece = prefix + character;
      counts.set(piece, (counts.get(piece) ?? 0) + count);
      total += count;
      prefix = CONTINUATION_PREFIX;
    }
  }
  const ascii = new Set(ASCII_PIECES);
  const room = Math.min(Math.max(64, Math.floor(vocabSize / 16)), vocabSize - SPECIAL_TOKENS.length - ascii.size);
  const others = [...counts].filter(([piece, count]) => !ascii.has(piece) && count >= LEAST_CHARACTER_SHARE * total);
  others.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1));
  const kept = others.slice(0, Math.max(0, room)).map(([piece]) => piece);
  return [...ASCII_PIECES, ...kept.sort()];
}

/** Lets timers and messages through, so that a page or a worker can answer, and an abort is heard. */
async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  checkAborted(signal);
}

function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new LacunaError('aborted', 'tokenizer: the training was stopped.', {}, { cause: signal.reason });
  }
}
