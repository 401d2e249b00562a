/** A bag of n-grams as a teacher: it errs elsewhere than an encoder does, and may mend what that gets wrong. */
import { BAG_RECIPE, BagClassifier } from '../training/bag.ts';
import type { EncodedExample } from '../training/text-batches.ts';
import { probabilities, type Teacher } from './soft-labels.ts';

export interface BagTeacherOptions {
  readonly multiLabel: boolean;
  readonly seed: number;
  /** Ids as text, special ones left out. */
  readonly decode: (ids: Int32Array) => string;
  /** After each epoch, e.g. to give way to other work or to stop: what it throws ends the training. */
  readonly afterEpoch?: () => Promise<void>;
}

/** Trains on the examples' labels: those of at least a half. */
export async function bagTeacher(
  examples: readonly EncodedExample[],
  { multiLabel, seed, decode, afterEpoch }: BagTeacherOptions,
): Promise<Teacher> {
  const numLabels = examples[0]?.targets.length ?? 0;
  const bag = new BagClassifier({ ...BAG_RECIPE, multiLabel, seed }, numLabels);
  const labelled = examples.map(({ ids, targets }) => ({
    text: decode(ids),
    labels: [...targets.keys()].filter((k) => (targets[k] as number) >= 0.5),
  }));
  for (const _ of bag.train(labelled)) await afterEpoch?.();
  return (texts) => {
    const logits = new Float32Array(texts.length * numLabels);
    for (const [n, { ids }] of texts.entries()) logits.set(bag.logits(decode(ids)), n * numLabels);
    return probabilities(logits, numLabels, multiLabel);
  };
}
