/** Scores an arm: what came of every window or text, so that variants can be compared on the very same ones. */
import {
  type Artifact,
  chooseLabelThreshold,
  type MaskedBatch,
  metricsOf,
  type Outcome,
  sumOutcomes,
  type TextBatch,
  textOutcomes,
} from '@lacuna/core';
import type { Session } from '../command.ts';
import type { evaluate } from '../commands/evaluate.ts';
import { openBackend } from '../lane-backend.ts';
import { classifierPredictions, fillingOutcomes, scoringBatches, textBatches } from '../scoring.ts';

/** Options of `evaluate`. */
export type ScoreOptions = Parameters<typeof evaluate.run>[0];

export interface ArmScore {
  /** Labels of a classifier; 0 for gaps. */
  readonly numLabels: number;
  readonly outcomes: readonly Outcome[];
}

export async function scoreArm(artifact: Artifact, options: ScoreOptions, session: Session): Promise<ArmScore> {
  const { batches } = await scoringBatches('ablation', artifact, options, session);
  const ops = await openBackend(options);
  if (artifact.task === 'fill-mask') {
    const masked = batches as readonly MaskedBatch[];
    return { numLabels: 0, outcomes: await fillingOutcomes(ops, artifact, masked, session, 'score') };
  }
  const { multiLabel } = artifact;
  const texts = batches as readonly TextBatch[];
  const { logits, targets, numLabels } = await classifierPredictions(ops, artifact, texts, session, 'score');
  const answers = { multiLabel, ...(await threshold()) };
  return { numLabels, outcomes: textOutcomes(logits, targets, numLabels, answers) };

  async function threshold(): Promise<{ threshold?: number }> {
    if (!multiLabel || options.dev === undefined) return {};
    const other = await textBatches('ablation', artifact, options.dev, options, session);
    return {
      threshold: chooseLabelThreshold(await classifierPredictions(ops, artifact, other.batches, session, 'dev')),
    };
  }
}

/** Rates and means by name, counts left out. */
export function figuresOf({ numLabels, outcomes }: ArmScore): Record<string, number> {
  const metrics = metricsOf(sumOutcomes(numLabels === 0 ? 'masked' : 'classification', outcomes, numLabels));
  const { tokens: _, examples: __, ...rates } = metrics as unknown as Record<string, number>;
  return rates as Record<string, number>;
}
