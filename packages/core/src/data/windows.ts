/**
 * Windows of tokens for pre-training: text is read a segment at a time, cut into windows and these dealt out in random
 * order; several sources are mixed by weight. Everything follows from a seed and a few numbers of state.
 */
import { LacunaError } from '../errors.ts';
import { Random } from '../random/random.ts';
import type { TextSource } from './source.ts';

/** What windows need of a tokenizer. */
export interface WindowEncoder {
  readonly sepId: number;
  encode(text: string): Int32Array;
}

export interface WindowStreamOptions {
  readonly seed: number;
  /** Shares of the tokens, one a source; by the sources' sizes without them. */
  readonly weights?: readonly number[];
  /** Tokens read and shuffled at a time: 2¹⁸ by default, one MiB. */
  readonly segmentTokens?: number;
}

/** Where one source stands: at the beginning of a segment, with `taken` of its windows gone. */
interface SourceState {
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

/** Plain JSON: what `WindowStream.state` gives and `WindowStream.resume` takes. */
export interface WindowStreamState {
  readonly sources: readonly (SourceState & { readonly name: string })[];
}

export const SEGMENT_TOKENS = 1 << 18;
/** Names the stream's draws among those of a run. */
const RANDOM_STREAM = 2;

/**
 * An endless stream of windows over sources, each line ended by one [SEP].
 *
 * A segment holds whole lines, up to `segmentTokens`; it is cut from an offset drawn anew every pass, so that the few
 * tokens left over at its ends differ. When another length is asked for, the rest of a segment is passed over.
 */
export class WindowStream {
  readonly #cursors: readonly SourceCursor[];
  readonly #weights: readonly number[];

  /** Throws `invalid_argument` (no source, weights), `checkpoint_mismatch` for a state of other sources. */
  constructor(
    sources: readonly TextSource[],
    encoder: WindowEncoder,
    options: WindowStreamOptions,
    state?: WindowStreamState,
  ) {
    if (sources.length === 0)
      throw new LacunaError('invalid_argument', 'windows: expected at least one text, got none.');
    this.#weights = checkWeights(options.weights ?? sizesOf(sources), sources.length);
    const names = sources.map(({ name }) => name);
    const stored = state?.sources.map(({ name }) => name);
    if (stored !== undefined && stored.join('\n') !== names.join('\n')) {
      throw new LacunaError(
        'checkpoint_mismatch',
        `windows: expected the texts ${stored.join(', ')}, got ${names.join(', ')}. A run goes on with its own texts only.`,
        { expected: stored, got: names },
      );
    }
    const random = new Random(options.seed, RANDOM_STREAM);
    this.#cursors = sources.map(
      (source, i) =>
        new SourceCursor(source, encoder, random.fork(i), options.segmentTokens ?? SEGMENT_TOKENS, state?.sources[i]),
    );
  }

  /** A stream that goes on where `state` was taken, with the very windows that would have followed. */
  static resume(
    state: unknown,
    sources: readonly TextSource[],
    encoder: WindowEncoder,
    options: WindowStreamOptions,
  ): WindowStream {
    return new WindowStream(sources, encoder, options, state as WindowStreamState);
  }

  get state(): WindowStreamState {
    return { sources: this.#cursors.map((cursor) => ({ name: cursor.source.name, ...cursor.state })) };
  }

  /** Whole passes, a source. */
  get epochs(): number[] {
    return this.#cursors.map(({ state }) => state.epoch);
  }

  /**
   * The next `count` windows of `length` tokens: (count · length) ids. One call at a time.
   * Throws `empty_text`, `text_too_short` for a source with less than a window, `checkpoint_mismatch`.
   */
  async next(count: number, length: number): Promise<Int32Array> {
    if (!Number.isInteger(count) || count < 1 || !Number.isInteger(length) || length < 2) {
      throw new LacunaError('invalid_argument', `windows: expected a count and a length, got ${count} and ${length}.`);
    }
    const ids = new Int32Array(count * length);
    for (let row = 0; row < count; row++) {
      const window = await this.#nextCursor(length).next(length);
      ids.set(window, row * length);
    }
    return ids;
  }

  /** The source that is furthest behind its share. */
  #nextCursor(length: number): SourceCursor {
    let best = this.#cursors[0] as SourceCursor;
    let least = Number.POSITIVE_INFINITY;
    this.#cursors.forEach((cursor, i) => {
      const share = (cursor.tokens + length) / (this.#weights[i] as number);
      if (share < least) {
        least = share;
        best = cursor;
      }
    });
    return best;
  }
}

class SourceCursor {
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

  async next(length: number): Promise<Int32Array> {
    if (!this.#loaded) {
      const { length: cutTo, taken } = this.#state;
      await this.#load(cutTo || length);
      if (taken > this.#order.length)
        this.#fail('checkpoint_mismatch', 'the text that the run began with, got another');
    }
    while (this.#state.length !== length || this.#state.taken >= this.#order.length) await this.#advance(length);
    const { taken, tokens } = this.#state;
    const from = this.#offset + (this.#order[taken] as number) * length;
    this.#state = { ...this.#state, taken: taken + 1, tokens: tokens + length };
    return this.#tokens.subarray(from, from + length);
  }

  /** On to the next segment, in the next pass if this one is over. */
  async #advance(length: number): Promise<void> {
    const { epoch, segment, tokens } = this.#state;
    if (this.#passEnded) {
      // A pass of one segment that was too short for one window has nothing to give in another pass either.
      if (segment === 0 && this.#tokens.length < length) {
        if (this.#tokens.length === 0) this.#fail('empty_text', 'text, got nothing but blank lines');
        this.#fail('text_too_short', `at least ${length} tokens for one window, got ${this.#tokens.length}`);
      }
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
    const { epoch, segment } = this.#state;
    const random = this.#random.fork(epoch).fork(segment);
    const windows = Math.floor(size / length);
    this.#tokens = tokens.subarray(0, size);
    this.#offset = random.integer(size - windows * length + 1);
    this.#order = Int32Array.from({ length: windows }, (_, i) => i);
    random.shuffle(this.#order);
    this.#state = { ...this.#state, length };
    this.#loaded = true;
  }

  #fail(code: 'checkpoint_mismatch' | 'empty_text' | 'text_too_short', what: string): never {
    throw new LacunaError(code, `${this.source.name}: expected ${what}. Is this the right file?`, {
      source: this.source.name,
    });
  }
}

function sizesOf(sources: readonly TextSource[]): number[] {
  const sizes = sources.map(({ sizeBytes }) => sizeBytes);
  return sizes.every((size) => size !== undefined && size > 0) ? (sizes as number[]) : sources.map(() => 1);
}

function checkWeights(weights: readonly number[], count: number): readonly number[] {
  if (weights.length !== count || !weights.every((weight) => weight > 0 && Number.isFinite(weight))) {
    throw new LacunaError(
      'invalid_argument',
      `windows: expected ${count} weights above 0, one a text, got [${weights.join(', ')}].`,
      { weights, texts: count },
    );
  }
  return weights;
}
