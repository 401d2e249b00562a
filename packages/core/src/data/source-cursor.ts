/**
 * One source of windows: text is read a segment at a time, cut into windows, and these are dealt out in random order.
 * A few numbers say where it stands.
 */
import { LacunaError } from '../errors.ts';
import type { Random } from '../random/random.ts';
import type { TextSource } from './source.ts';

/** What windows need of a tokenizer. */
export interface WindowEncoder {
  readonly sepId: number;
  encode(text: string): Int32Array;
}

/** Where one source stands: at the beginning of a segment, with `taken` of its windows gone. */
export interface SourceState {
  /** Whole passes over the source before this one. */
  readonly epoch: number;
  /** Lines before the segment. */
  readonly line: number;
  /** Segments of this pass before this one. */
  readonly segment: number;
  /** Length that the segment was cut to; 0 before it was read. */
  readonly length: number;
  readonly taken: number;
  /** Tokens given out, over all passes. */
  readonly tokens: number;
}

export class SourceCursor {
  readonly source: TextSource;
  readonly #encoder: WindowEncoder;
  readonly #random: Random;
  readonly #segmentTokens: number;
  #state: SourceState;
  /** Windows left of the segment, in the order they are given. */
  #tokens = new Int32Array(0);
  #order = new Int32Array(0);
  #offset = 0;
  /** Whether the segment that `#state` names is in memory. */
  #loaded = false;
  #lines: AsyncIterator<string> | undefined;
  /** Lines read of this pass. */
  #line = 0;
  #passEnded = false;

  constructor(
    source: TextSource,
    encoder: WindowEncoder,
    random: Random,
    segmentTokens: number,
    state: SourceState = { epoch: 0, line: 0, segment: 0, length: 0, taken: 0, tokens: 0 },
  ) {
    this.source = source;
    this.#encoder = encoder;
    this.#random = random;
    this.#segmentTokens = segmentTokens;
    const { epoch, line, segment, length, taken, tokens } = state;
    this.#state = { epoch, line, segment, length, taken, tokens };
  }

  get state(): SourceState {
    return this.#state;
  }

  get tokens(): number {
    return this.#state.tokens;
  }

  /** Throws `empty_text`, `text_too_short` for a source with less than `length` tokens. */
  async requireLength(length: number): Promise<void> {
    // A first segment that is not the last one is longer than any window.
    if (this.#state.segment > 0) return;
    await this.#ready(length);
    if (this.#passEnded) this.#checkLength(length);
  }

  /** The next window; with `once` undefined where the first pass ends. */
  async next(length: number, once = false): Promise<Int32Array | undefined> {
    await this.#ready(length);
    if (this.#state.length !== length && this.#state.taken === 0) this.#cut(length);
    while (this.#state.length !== length || this.#state.taken >= this.#order.length) {
      if (this.#passEnded) this.#checkLength(length);
      if (this.#passEnded && once) return undefined;
      await this.#advance(length);
    }
    const { taken, tokens } = this.#state;
    const from = this.#offset + (this.#order[taken] as number) * length;
    this.#state = { ...this.#state, taken: taken + 1, tokens: tokens + length };
    return this.#tokens.subarray(from, from + length);
  }

  /** Reads the segment at hand if it was not: cut as it was, or to `length`. */
  async #ready(length: number): Promise<void> {
    if (this.#loaded) return;
    const { length: cutTo, taken } = this.#state;
    await this.#load(cutTo || length);
    if (taken > this.#order.length) this.#fail('checkpoint_mismatch', 'the text that the run began with, got another');
  }

  /** A pass of one segment that is too short for one window has nothing to give in another pass either. */
  #checkLength(length: number): void {
    if (this.#state.segment > 0 || this.#tokens.length >= length) return;
    if (this.#tokens.length === 0) this.#fail('empty_text', 'text, got nothing but blank lines');
    this.#fail('text_too_short', `at least ${length} tokens for one window, got ${this.#tokens.length}`);
  }

  /** On to the next segment, in the next pass if this one is over. */
  async #advance(length: number): Promise<void> {
    const { epoch, segment, tokens } = this.#state;
    if (this.#passEnded) {
      this.#lines = undefined;
      this.#passEnded = false;
      this.#state = { epoch: epoch + 1, line: 0, segment: 0, length: 0, taken: 0, tokens };
    } else this.#state = { epoch, line: this.#line, segment: segment + 1, length: 0, taken: 0, tokens };
    await this.#load(length);
  }

  /** Reads the segment that begins at `state.line` and cuts it into windows of `length`. */
  async #load(length: number): Promise<void> {
    if (this.#lines === undefined) {
      this.#lines = this.source.lines(this.#state.line)[Symbol.asyncIterator]();
      this.#line = this.#state.line;
    }
    let tokens = new Int32Array(Math.min(this.#segmentTokens, 1 << 14));
    let size = 0;
    while (size < this.#segmentTokens) {
      const { value, done } = await this.#lines.next();
      if (done) {
        this.#passEnded = true;
        break;
      }
      this.#line++;
      const ids = this.#encoder.encode(value);
      if (ids.length === 0) continue;
      if (size + ids.length + 1 > tokens.length) {
        const larger = new Int32Array(Math.max(2 * tokens.length, size + ids.length + 1));
        larger.set(tokens);
        tokens = larger;
      }
      tokens.set(ids, size);
      size += ids.length;
      tokens[size++] = this.#encoder.sepId;
    }
    this.#tokens = tokens.subarray(0, size);
    this.#cut(length);
    this.#loaded = true;
  }

  #cut(length: number): void {
    const { epoch, segment } = this.#state;
    const random = this.#random.fork(epoch).fork(segment);
    const size = this.#tokens.length;
    const windows = Math.floor(size / length);
    this.#offset = random.integer(size - windows * length + 1);
    this.#order = Int32Array.from({ length: windows }, (_, i) => i);
    random.shuffle(this.#order);
    this.#state = { ...this.#state, length };
  }

  #fail(code: 'checkpoint_mismatch' | 'empty_text' | 'text_too_short', what: string): never {
    throw new LacunaError(code, `${this.source.name}: expected ${what}. Is this the right file?`, {
      source: this.source.name,
    });
  }
}
