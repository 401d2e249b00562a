/**
 * Windows of tokens for pre-training: several sources are mixed by weight, each dealing out its windows in random order.
 * Everything follows from a seed and a few numbers of state.
 */
import { LacunaError } from '../errors.ts';
import { Random } from '../random/random.ts';
import type { TextSource } from './source.ts';
import { SourceCursor, type SourceState, type WindowEncoder } from './source-cursor.ts';

export type { WindowEncoder } from './source-cursor.ts';

export interface WindowStreamOptions {
  readonly seed: number;
  /** Shares of the tokens, one a source; by the sources' sizes without them. */
  readonly weights?: readonly number[];
  /** Tokens read and shuffled at a time: 2¹⁸ by default, one MiB. */
  readonly segmentTokens?: number;
}

/** Plain JSON: what `WindowStream.state` gives and `WindowStream.resume` takes. */
export interface WindowStreamState {
  readonly sources: readonly (SourceState & { readonly name: string; readonly sizeBytes?: number })[];
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
    if (state !== undefined) checkTexts(state, sources);
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
    return {
      sources: this.#cursors.map(({ source: { name, sizeBytes }, state }) => ({
        name,
        ...(sizeBytes === undefined ? {} : { sizeBytes }),
        ...state,
      })),
    };
  }

  /** Whole passes, a source. */
  get epochs(): number[] {
    return this.#cursors.map(({ state }) => state.epoch);
  }

  /**
   * Throws `empty_text`, `text_too_short` for a source with less than `length` tokens: before a run, not when its windows
   * grow. Not during a call of `next`.
   */
  async requireLength(length: number): Promise<void> {
    for (const cursor of this.#cursors) await cursor.requireLength(length);
  }

  /**
   * The next `count` windows of `length` tokens: (count · length) ids. With `once` each source ends with its first pass,
   * and there are fewer when all have ended. One call at a time.
   * Throws `empty_text`, `text_too_short` for a source with less than a window, `checkpoint_mismatch`.
   */
  async next(count: number, length: number, once = false): Promise<Int32Array> {
    if (!Number.isInteger(count) || count < 1 || !Number.isInteger(length) || length < 2) {
      throw new LacunaError('invalid_argument', `windows: expected a count and a length, got ${count} and ${length}.`);
    }
    const ids = new Int32Array(count * length);
    const ended = new Set<SourceCursor>();
    let row = 0;
    while (row < count && ended.size < this.#cursors.length) {
      const cursor = this.#nextCursor(length, ended);
      const window = await cursor.next(length, once);
      if (window === undefined) ended.add(cursor);
      else ids.set(window, row++ * length);
    }
    return row < count ? ids.slice(0, row * length) : ids;
  }

  /** The source that is furthest behind its share. */
  #nextCursor(length: number, ended: ReadonlySet<SourceCursor>): SourceCursor {
    let best = this.#cursors[0] as SourceCursor;
    let least = Number.POSITIVE_INFINITY;
    this.#cursors.forEach((cursor, i) => {
      const share = (cursor.tokens + length) / (this.#weights[i] as number);
      if (share < least && !ended.has(cursor)) {
        least = share;
        best = cursor;
      }
    });
    return best;
  }
}

/** Throws `checkpoint_mismatch` unless `sources` are those that `state` was taken of, as far as it says. */
function checkTexts(state: WindowStreamState, sources: readonly TextSource[]): void {
  const names = sources.map(({ name }) => name);
  const stored = state.sources.map(({ name }) => name);
  if (stored.join('\n') !== names.join('\n')) {
    throw new LacunaError(
      'checkpoint_mismatch',
      `windows: expected the texts ${stored.join(', ')}, got ${names.join(', ')}. A run goes on with its own texts only.`,
      { expected: stored, got: names },
    );
  }
  state.sources.forEach(({ name, sizeBytes: expected }, i) => {
    const got = sources[i]?.sizeBytes;
    if (expected === undefined || got === undefined || got === expected) return;
    throw new LacunaError(
      'checkpoint_mismatch',
      `windows: expected ${expected} bytes in ${name}, got ${got}. Was the text changed? A run goes on with its own.`,
      { source: name, expected, got },
    );
  });
}

/** A source that does not tell its size counts as much as one that does, on average. */
function sizesOf(sources: readonly TextSource[]): number[] {
  const known = sources.map(({ sizeBytes = 0 }) => sizeBytes).filter((size) => size > 0);
  const mean = known.length === 0 ? 1 : known.reduce((sum, size) => sum + size, 0) / known.length;
  return sources.map(({ sizeBytes = 0 }) => (sizeBytes > 0 ? sizeBytes : mean));
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
