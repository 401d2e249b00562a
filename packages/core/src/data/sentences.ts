/** Sentences out of longer texts, for classifiers of sentences that learn from text without labels. */

/** Shorter ones say too little to be labelled. */
const LEAST_WORDS = 4;

/** The sentences of a text that have four words or more, in order. */
export function sentencesOf(text: string): string[] {
  const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment.trim()).filter(
    (sentence) => sentence.split(/\s+/).length >= LEAST_WORDS,
  );
}
