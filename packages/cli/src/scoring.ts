/** Scores a trained model on held-out text or on labelled examples: what `evaluate` prints and `export` compares. */
import {
  type Artifact,
  addScores,
  artifactParams,
  type Batch,
  classificationScores,
  heldOutBatches,
  type Metrics,
  maskedScores,
  metricsOf,
  orderedTextBatches,
  Pauses,
  type TrainableOps,
} from '@lacuna/core';
import { type Options, type Session, UsageError, type Values } from './command.ts';
import { openCorpus } from './corpus.ts';
import { openLabelled } from './labelled-data.ts';
import { expectTask, tokenizerOf } from './trained-model.ts';
import { VALID_RATIO } from './validation.ts';

export const SCORING_OPTIONS = {
  text: { kind: 'list', value: 'FILE', about: 'held-out text, for a fill-mask model' },
  data: { kind: 'text', value: 'FILE', about: 'labelled examples, for a classifier' },
  textColumn: { kind: 'text', value: 'NAME', about: 'column that holds the text (default: text or sentence)' },
  labelColumn: { kind: 'text', value: 'NAME', about: 'column that holds the label (default: label or labels)' },
  windows: { kind: 'integer', about: 'windows of text to score', default: 1024, min: 1 },
  length: { kind: 'integer', about: 'tokens a window', default: 128, min: 8 },
  ratio: { kind: 'number', about: 'share of tokens removed', default: VALID_RATIO },
  seed: { kind: 'integer', about: 'of the windows and the gaps', default: 0, min: 0 },
} as const satisfies Options;

export interface Scoring {
  readonly batches: readonly Batch[];
  /** How many texts lost their end; of labelled examples only, as windows of text have no end. */
  readonly truncated?: number;
}

/** The batches that the options ask for. Throws `unsupported_task` where they do not fit the model. */
export async function scoringBatches(
  command: string,
  artifact: Artifact,
  options: Values<typeof SCORING_OPTIONS>,
  session: Session,
): Promise<Scoring> {
  const { text, data, textColumn, windows, length, ratio, seed } = options;
  if ((text === undefined) === (data === undefined)) {
    throw new UsageError(`${command}: expected one of --text FILE and --data FILE.`);
  }
  const tokenizer = tokenizerOf(artifact);
  const { config } = artifact;
  if (text !== undefined) {
    expectTask(command, artifact, 'fill-mask');
    const corpus = await openCorpus(text, textColumn);
    const held = { windows, length: Math.min(length, config.maxPositionEmbeddings), ratio, seed };
    return { batches: await heldOutBatches(corpus.windows(tokenizer, seed), tokenizer, held) };
  }
  expectTask(command, artifact, 'text-classification');
  const { labels, multiLabel } = artifact;
  const { examples, truncated } = await openLabelled(
    data as string,
    tokenizer,
    config.maxPositionEmbeddings,
    multiLabel,
    options,
    session,
    labels,
  );
  return { batches: orderedTextBatches(examples, 32, config.padTokenId), truncated };
}

/** The metrics over all batches. */
export async function score(
  ops: TrainableOps,
  artifact: Artifact,
  batches: readonly Batch[],
  session: Session,
  label = 'evaluate',
): Promise<Metrics> {
  const { config, multiLabel } = artifact;
  const params = artifactParams(ops, artifact);
  const sums = [];
  const pauses = new Pauses();
  for (const [i, batch] of batches.entries()) {
    await pauses.take(session.signal);
    sums.push(
      await ops.scope(() =>
        batch.kind === 'masked'
          ? maskedScores(ops, params, config, batch)
          : classificationScores(ops, params, config, batch, multiLabel),
      ),
    );
    session.progress.update({
      label,
      fraction: (i + 1) / batches.length,
      detail: `${i + 1} of ${batches.length} batches`,
    });
  }
  return metricsOf(addScores(sums));
}
