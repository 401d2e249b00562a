/** What the best possible model scores on the embedded corpus: the floor that a trained one is held against. */
import { LacunaError } from '../errors.ts';
import type { MaskedBatch } from '../model/batch.ts';
import { SPECIAL_TOKENS } from '../model/config.ts';
import type { Automaton } from './automaton.ts';
import { STORY_END, storyAutomaton } from './embedded-grammar.ts';
import { GAP, gapPosteriors } from './posterior.ts';

/** What the floor needs of a tokenizer. */
export interface FloorVocabulary {
  idOf(piece: string): number | undefined;
}

export interface FloorScore {
  /** Mean of −ln P(removed token | visible tokens), in nats: no model does better in expectation. */
  readonly crossEntropy: number;
  /** Mean entropy of the posteriors: what `crossEntropy` is in expectation, given what is visible. */
  readonly entropy: number;
  /** Standard error of that mean as an estimate for all text of the language, from the rows' differences. */
  readonly standardError: number;
  /** Share of gaps whose most probable token was the removed one; among n equals it counts 1/n. */
  readonly top1: number;
  /** Gaps scored. */
  readonly tokens: number;
}

/**
 * The Bayes-optimal cross-entropy on these very batches, cut from the embedded corpus at any place: exact, by inference
 * over the grammar. A model's `crossEntropy` on the batches divided by this one's is 1 at best, but for chance.
 *
 * @throws `invalid_argument` if a word of the corpus is not one piece, or a window is not of the corpus.
 */
export function embeddedFloor(
  batches: Iterable<MaskedBatch>,
  vocabulary: FloorVocabulary,
  automaton: Automaton = storyAutomaton(),
): FloorScore {
  const wordOf = wordsById(automaton, vocabulary);
  const initial = automaton.stationary();
  const storyEnd = automaton.words.indexOf(STORY_END);
  let sum = 0;
  let entropy = 0;
  let right = 0;
  let tokens = 0;
  const rows: { sum: number; tokens: number }[] = [];
  for (const batch of batches) {
    for (let b = 0; b < batch.batchSize; b++) {
      const { window, removed } = rowOf(batch, b, wordOf);
      const posteriors = gapPosteriors(automaton, window, initial, storyEnd);
      if (posteriors === undefined) {
        throw new LacunaError('invalid_argument', `embedded: row ${b} of a batch is no text of the corpus.`, {
          row: b,
        });
      }
      let rowSum = 0;
      let rowTokens = 0;
      for (const { position, probabilities } of posteriors) {
        const word = removed.get(position);
        if (word === undefined) continue;
        const probability = probabilities[word] as number;
        rowSum -= Math.log(probability);
        rowTokens++;
        for (const p of probabilities) if (p > 0) entropy -= p * Math.log(p);
        right += chanceOfBest(probabilities, probability);
      }
      sum += rowSum;
      tokens += rowTokens;
      rows.push({ sum: rowSum, tokens: rowTokens });
    }
  }
  const crossEntropy = sum / tokens;
  const squares = rows.reduce((total, row) => total + (row.sum - crossEntropy * row.tokens) ** 2, 0);
  return {
    crossEntropy,
    entropy: entropy / tokens,
    standardError: Math.sqrt(squares) / tokens,
    top1: right / tokens,
    tokens,
  };
}

/** Whether `probability` is the greatest: 1 over how many share it, else 0. */
function chanceOfBest(probabilities: Float64Array, probability: number): number {
  let equals = 0;
  for (const other of probabilities) {
    if (other > probability * (1 + 1e-9)) return 0;
    if (other > probability * (1 - 1e-9)) equals++;
  }
  return 1 / equals;
}

/** Whether every word of the corpus is one piece of the vocabulary: what the floor holds for. */
export function isWholeWords(vocabulary: FloorVocabulary): boolean {
  return storyAutomaton().words.every((word) => vocabulary.idOf(word) !== undefined);
}

function wordsById(automaton: Automaton, vocabulary: FloorVocabulary): Map<number, number> {
  const found = new Map<number, number>();
  automaton.words.forEach((word, number) => {
    const id = vocabulary.idOf(word);
    if (id === undefined) {
      throw new LacunaError(
        'invalid_argument',
        `embedded: expected every word of the corpus as one piece, but "${word}" is none. Was the tokenizer trained on it?`,
        { word },
      );
    }
    found.set(id, number);
  });
  return found;
}

/** The window of row b with its gaps, and the words that were in them, by position. */
function rowOf(batch: MaskedBatch, b: number, wordOf: ReadonlyMap<number, number>) {
  const { visibleLength, gapLength } = batch;
  const window = new Int32Array(visibleLength + gapLength).fill(GAP);
  const wordAt = (id: number): number => {
    const word = wordOf.get(id);
    if (word === undefined) {
      throw new LacunaError('invalid_argument', `embedded: expected a word of the corpus, got token ${id}.`, { id });
    }
    return word;
  };
  for (let i = b * visibleLength; i < (b + 1) * visibleLength; i++) {
    window[batch.visiblePositions[i] as number] = wordAt(batch.visibleIds[i] as number);
  }
  const removed = new Map<number, number>();
  for (let i = b * gapLength; i < (b + 1) * gapLength; i++) {
    const id = batch.labels[i] as number;
    if (id >= SPECIAL_TOKENS.length) removed.set(batch.gapPositions[i] as number, wordAt(id));
  }
  return { window, removed };
}
