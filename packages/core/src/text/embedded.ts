/**
 * The embedded corpus: simple English stories made from a seed, for trying training without a download. Its words and
 * rules are known in full, so what a perfect model would score on it is known too (`embedded-floor.ts`).
 */
import { Random } from '../random/random.ts';
import type { Automaton } from './automaton.ts';
import { STORY_END, storyAutomaton } from './embedded-grammar.ts';
import { BOYS, GIRLS } from './embedded-words.ts';

export interface EmbeddedOptions {
  /** The same seed gives the same stories; another gives others of the same language. Default 1. */
  readonly seed?: number;
  /** Stories, one a line. Default 100,000: some 2.8 million tokens. */
  readonly stories?: number;
}

export const EMBEDDED_STORIES = 100_000;
/** Names the corpus's draws, so that a run's seed and a corpus's may be the same number. */
const RANDOM_STREAM = 0x656d;
const MEAN_STORY_BYTES = 118;
const NAMES: ReadonlySet<string> = new Set([...GIRLS, ...BOYS]);

/** The corpus as a source of lines that can be read again and from anywhere. */
export function embeddedSource({ seed = 1, stories = EMBEDDED_STORIES }: EmbeddedOptions = {}) {
  return {
    name: seed === 1 ? 'embedded' : `embedded:${seed}`,
    sizeBytes: stories * MEAN_STORY_BYTES,
    async *lines(skip = 0): AsyncGenerator<string, void, void> {
      const automaton = storyAutomaton();
      for (let i = skip; i < stories; i++) yield printed(storyWords(automaton, seed, i));
    },
  };
}

/** The words of story `index`, full stops included, in small letters; each story has its own draws. */
export function storyWords(automaton: Automaton, seed: number, index: number): string[] {
  const random = new Random(seed, RANDOM_STREAM).fork(index);
  const words: string[] = [];
  for (let state = automaton.start; ; ) {
    const arc = automaton.arcAt(state, random.uniform());
    const word = automaton.words[automaton.arcWords[arc] as number] as string;
    if (word === STORY_END) return words;
    words.push(word);
    state = automaton.arcTargets[arc] as number;
  }
}

/** Words as a line of print: sentences and names begin with a capital, marks stand at the word before. */
export function printed(words: readonly string[]): string {
  let text = '';
  let opens = true;
  for (const word of words) {
    if (word === '.' || word === ',') text += word;
    else {
      const capital = opens || NAMES.has(word);
      text += `${text === '' ? '' : ' '}${capital ? word.charAt(0).toUpperCase() + word.slice(1) : word}`;
    }
    opens = word === '.';
  }
  return text;
}
