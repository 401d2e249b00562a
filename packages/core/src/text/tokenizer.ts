/**
 * Text to ids and back, on `@huggingface/tokenizers`, whose answers are kept a word at a time: text repeats its words,
 * so encoding becomes a scan and a look-up. Second step of the road, after the raw text.
 */
import { Tokenizer as Library } from '@huggingface/tokenizers';
import { LacunaError } from '../errors.ts';
import { SPECIAL_TOKENS } from '../model/config.ts';
import { joinTokens } from './detokenize.ts';
import { CONTINUATION_PREFIX, piecesOf, type TokenizerJson, tokenizerJson } from './tokenizer-json.ts';
import { detachedSlice, visitWords } from './words.ts';

/** Words kept at most, unless said otherwise; then the cache starts anew. */
const CACHE_WORDS = 1 << 17;
/** Longer stretches are not kept, in UTF-16 units. */
const CACHE_WORD_LENGTH = 64;

export class Tokenizer {
  readonly padId = 0;
  readonly unkId = 1;
  readonly clsId = 2;
  readonly sepId = 3;
  readonly maskId = 4;
  /** Every piece, by id. */
  readonly pieces: readonly string[];
  readonly #ids = new Map<string, number>();
  readonly #library: Library;
  readonly #cache = new Map<string, number | readonly number[]>();
  readonly #cacheWords: number;
  readonly #continuation: Uint8Array;
  #output = new Int32Array(1024);
  #length = 0;

  /**
   * A tokenizer over `pieces`, of which the first five are `SPECIAL_TOKENS`. `cacheWords`: how many words' answers it
   * keeps, some 200 bytes each. Throws `unsupported_format`.
   */
  constructor(pieces: readonly string[], cacheWords = CACHE_WORDS) {
    this.#cacheWords = cacheWords;
    const json = tokenizerJson(pieces);
    this.pieces = [...pieces];
    for (const [id, piece] of pieces.entries()) this.#ids.set(piece, id);
    this.#library = new Library(json, {});
    this.#continuation = Uint8Array.from(pieces, (piece) =>
      piece.startsWith(CONTINUATION_PREFIX) && piece.length > CONTINUATION_PREFIX.length ? 1 : 0,
    );
  }

  /** Reads a parsed `tokenizer.json`. Throws `unsupported_format` if it is not of the kind that Lacuna writes. */
  static fromJSON(json: unknown): Tokenizer {
    return new Tokenizer(piecesOf(json));
  }

  toJSON(): TokenizerJson {
    return tokenizerJson(this.pieces);
  }

  get vocabSize(): number {
    return this.pieces.length;
  }

  /** The id of a piece as the vocabulary spells it (`##ing`), or undefined. */
  idOf(piece: string): number | undefined {
    return this.#ids.get(piece);
  }

  /** The piece with this id. Throws `invalid_argument` for an id outside of the vocabulary. */
  tokenOf(id: number): string {
    const piece = this.pieces[id];
    if (piece === undefined) {
      throw new LacunaError('invalid_argument', `tokenizer: expected an id below ${this.vocabSize}, got ${id}.`, {
        id,
        vocabSize: this.vocabSize,
      });
    }
    return piece;
  }

  isSpecial(id: number): boolean {
    return id < SPECIAL_TOKENS.length;
  }

  /** Whether the piece goes on within a word (`##…`). */
  isContinuation(id: number): boolean {
    return this.#continuation[id] === 1;
  }

  /** The ids of `text`, with no special tokens added; `[MASK]` in the text becomes the mask token. */
  encode(text: string): Int32Array {
    this.#length = 0;
    visitWords(text, (start, end, plain) => {
      const key = text.slice(start, end);
      const known = this.#cache.get(key);
      if (typeof known === 'number') this.#push(known);
      else {
        const ids = known ?? this.#lookUp(key, plain);
        for (let i = 0; i < ids.length; i++) this.#push(ids[i] as number);
      }
    });
    return this.#output.slice(0, this.#length);
  }

  /** Readable text of `ids`; with `skipSpecial`, special tokens are left out. */
  decode(ids: ArrayLike<number>, options: { readonly skipSpecial?: boolean } = {}): string {
    const tokens: string[] = [];
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      if (!(options.skipSpecial && this.isSpecial(id))) tokens.push(this.tokenOf(id));
    }
    return joinTokens(tokens);
  }

  #push(id: number): void {
    if (this.#length === this.#output.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#output);
      this.#output = larger;
    }
    this.#output[this.#length++] = id;
  }

  #lookUp(key: string, plain: boolean): readonly number[] {
    const ids = this.#library.encode(key, { add_special_tokens: false }).ids;
    if (key.length <= CACHE_WORD_LENGTH) {
      if (this.#cache.size >= this.#cacheWords) this.#cache.clear();
      const kept = detachedSlice(key, 0, key.length);
      this.#cache.set(kept, plain && ids.length === 1 ? (ids[0] as number) : ids);
    }
    return ids;
  }
}
