/** How many tokens texts have, in a vocabulary learned from them as training would learn it. */
import { LacunaError } from '@lacuna/client/data';
import { Tokenizer, trainTokenizer } from '@lacuna/core/browser-training';
import { wordsOf } from './text-counts.ts';

/** The smallest model's. */
const VOCABULARY = 1024;

export async function tokenLengths(texts: readonly string[]): Promise<number[]> {
  try {
    const tokenizer = Tokenizer.fromJSON(await trainTokenizer(each(texts), { vocabSize: VOCABULARY }));
    return texts.map((text) => tokenizer.encode(text).length);
  } catch (error) {
    // Of so few words no vocabulary is made; a word is then a token.
    if (error instanceof LacunaError && error.code === 'text_too_short') return texts.map(wordsOf);
    throw error;
  }
}

async function* each(texts: readonly string[]): AsyncGenerator<string, void, void> {
  yield* texts;
}
