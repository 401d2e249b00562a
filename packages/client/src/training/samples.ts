/** Texts with gaps, to be filled now and then while a model learns: its progress in words. */
import { MASK, type TextSource } from '@lacuna/core/browser-training';

/** Words of a sample; a text that is longer loses its end. */
const SAMPLE_WORDS = 16;

/** The first lines with at least four words, each with the word in its middle hidden. */
export async function sampleTexts(sources: readonly TextSource[], count: number): Promise<string[]> {
  const found: string[] = [];
  const [first] = sources;
  if (!first) return found;
  for await (const line of first.lines()) {
    const words = line.trim().split(/\s+/).slice(0, SAMPLE_WORDS);
    if (words.length < 4) continue;
    const middle = words.length >> 1;
    // What stands around the word, like a comma, stays.
    words[middle] = (words[middle] as string).replace(/[\p{L}\p{N}][^\s]*[\p{L}\p{N}]|[\p{L}\p{N}]/u, MASK);
    if (!(words[middle] as string).includes(MASK)) continue;
    found.push(words.join(' '));
    if (found.length === count) break;
  }
  return found;
}
