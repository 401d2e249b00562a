/**
 * The `tokenizer.json` that Lacuna writes and reads: WordPiece over lower-cased NFKC text without control and format
 * characters, split at white space, punctuation and every digit. Hugging Face's `tokenizers` reads the same file.
 */
import { LacunaError } from '../errors.ts';
import { SPECIAL_TOKENS } from '../model/config.ts';

/** What a piece that goes on within a word begins with. */
export const CONTINUATION_PREFIX = '##';
/** Longer words, in code points, become `[UNK]`. */
export const MAX_WORD_LENGTH = 100;

/**
 * Soft hyphens, zero-width spaces, marks of direction, NUL: nobody sees them, and a word with one would be another word.
 * Line breaks and tabs divide words; the codes from 80 to 9F are dashes and dots of Windows in most texts.
 */
const INVISIBLE = { Regex: '[\\x00-\\x08\\x0e-\\x1f\\x7f\\p{Cf}]' } as const;
const NORMALIZER = {
  type: 'Sequence',
  normalizers: [{ type: 'Replace', pattern: INVISIBLE, content: '' }, { type: 'NFKC' }, { type: 'Lowercase' }],
} as const;
/** In files written before invisible characters were dropped. Read all the same: no piece means anything else. */
const EARLIER_NORMALIZER = { ...NORMALIZER, normalizers: NORMALIZER.normalizers.slice(1) };
const PRE_TOKENIZER = {
  type: 'Sequence',
  pretokenizers: [{ type: 'BertPreTokenizer' }, { type: 'Digits', individual_digits: true }],
} as const;

export interface AddedTokenJson {
  readonly id: number;
  readonly content: string;
  readonly single_word: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

export interface TokenizerJson {
  readonly version: '1.0';
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly AddedTokenJson[];
  readonly normalizer: typeof NORMALIZER;
  readonly pre_tokenizer: typeof PRE_TOKENIZER;
  readonly post_processor: null;
  readonly decoder: { readonly type: 'WordPiece'; readonly prefix: string; readonly cleanup: boolean };
  readonly model: {
    readonly type: 'WordPiece';
    readonly unk_token: string;
    readonly continuing_subword_prefix: string;
    readonly max_input_chars_per_word: number;
    readonly vocab: Readonly<Record<string, number>>;
  };
}

/** The file for a vocabulary whose piece i has the id i. The first five pieces must be `SPECIAL_TOKENS`. */
export function tokenizerJson(pieces: readonly string[]): TokenizerJson {
  SPECIAL_TOKENS.forEach((token, id) => {
    if (pieces[id] !== token) fail(`${token} at id ${id}`, pieces[id]);
  });
  const vocab: Record<string, number> = Object.create(null);
  pieces.forEach((piece, id) => {
    if (vocab[piece] !== undefined) fail('every piece once', piece);
    vocab[piece] = id;
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: NORMALIZER,
    pre_tokenizer: PRE_TOKENIZER,
    post_processor: null,
    decoder: { type: 'WordPiece', prefix: CONTINUATION_PREFIX, cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: CONTINUATION_PREFIX,
      max_input_chars_per_word: MAX_WORD_LENGTH,
      vocab,
    },
  };
}

/** The pieces of a parsed `tokenizer.json`, by id. Throws `unsupported_format` for any other kind of tokenizer. */
export function piecesOf(json: unknown): string[] {
  const file = record(json, 'an object');
  const model = record(file.model, 'a model');
  if (model.type !== 'WordPiece') fail('a WordPiece model', model.type);
  const vocab = record(model.vocab, 'a vocabulary');
  const byId: (string | undefined)[] = [];
  for (const [piece, id] of Object.entries(vocab)) {
    if (!Number.isInteger(id) || (id as number) < 0) fail(`an id for ${piece}`, id);
    byId[id as number] = piece;
  }
  const pieces = byId.filter((piece) => piece !== undefined);
  const count = Object.keys(vocab).length;
  if (count !== pieces.length || count !== byId.length) {
    fail('the ids 0, 1, 2 … once each', `${count} pieces with ids up to ${byId.length - 1}`);
  }
  const known = {
    normalizer: [NORMALIZER, EARLIER_NORMALIZER],
    pre_tokenizer: [PRE_TOKENIZER],
    added_tokens: [tokenizerJson(pieces).added_tokens],
  };
  for (const [part, values] of Object.entries(known)) {
    const got = canonical(file[part]);
    if (!values.some((value) => canonical(value) === got)) fail(`the ${part} that lacuna writes`, file[part]);
  }
  if (model.continuing_subword_prefix !== CONTINUATION_PREFIX) fail('the prefix ##', model.continuing_subword_prefix);
  if ((model.max_input_chars_per_word ?? MAX_WORD_LENGTH) !== MAX_WORD_LENGTH) {
    fail(`max_input_chars_per_word ${MAX_WORD_LENGTH}`, model.max_input_chars_per_word);
  }
  return pieces;
}

/** JSON with the keys of every object in order, so that files compare by content. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function record(value: unknown, expected: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail(expected, value);
  return value as Record<string, unknown>;
}

function fail(expected: string, got: unknown): never {
  throw new LacunaError(
    'unsupported_format',
    `tokenizer: expected ${expected}, got ${JSON.stringify(got)?.slice(0, 80)}. Was the file written by lacuna?`,
    { expected },
  );
}
