/** A trained model on held-out text or labelled examples: what `evaluate` reports and `export` compares. */
import {
  type Artifact,
  artifactParams,
  type Batch,
  classifierLogits,
  heldOutBatches,
  type MaskedBatch,
  type Metrics,
  maskedOutcomes,
  metricsOf,
  type Outcome,
  orderedTextBatches,
  Pauses,
  type Predictions,
  sumOutcomes,
  type TextBatch,
  type TrainableOps,
  textOutcomes,
} from '@lacuna/core';
import { type Options, type Session, UsageError, type Values } from './command.ts';
import { openCorpus } from './corpus.ts';
import { openLabelled, type Reading } from './labelled-data.ts';
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
  seed: { kind: 'integer', about: 'of the windows, the gaps and the intervals', default: 0, min: 0 },
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
  options: Values<typeof SCORING_OPTIONS> & Reading,
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
  return textBatches(command, artifact, data as string, options, session);
}

/** A classifier's examples as batches. */
export async function textBatches(
  command: string,
  artifact: Artifact,
  path: string,
  columns: Reading,
  session: Session,
): Promise<{ readonly batches: readonly TextBatch[]; readonly truncated: number }> {
  expectTask(command, artifact, 'text-classification');
  const { config, labels, multiLabel } = artifact;
  const maxLength = config.maxPositionEmbeddings;
  const { examples, truncated } = await openLabelled(
    [path],
    tokenizerOf(artifact),
    maxLength,
    multiLabel,
    columns,
    session,
    labels,
  );
  return { batches: orderedTextBatches(examples, 32, config.padTokenId), truncated };
}

/** What came of every window. */
export async function fillingOutcomes(
  ops: TrainableOps,
  artifact: Artifact,
  batches: readonly MaskedBatch[],
  session: Session,
  label: string,
): Promise<Outcome[]> {
  const params = artifactParams(ops, artifact);
  const parts = await overBatches(ops, batches, session, label, (batch) =>
    maskedOutcomes(ops, params, artifact.config, batch),
  );
  return parts.flat();
}

/** A classifier's answers to every text, in the batches' order. */
export async function classifierPredictions(
  ops: TrainableOps,
  artifact: Artifact,
  batches: readonly TextBatch[],
  session: Session,
  label: string,
): Promise<Predictions> {
  const params = artifactParams(ops, artifact);
  const parts = await overBatches(ops, batches, session, label, (batch) =>
    ops.read(classifierLogits(ops, params, artifact.config, batch)),
  );
  return {
    logits: joined(parts),
    targets: joined(batches.map(({ targets }) => targets)),
    numLabels: artifact.labels.length,
  };
}

/** The metrics over all batches; `threshold`: of several labels a text, from where on they are given. */
export async function score(
  ops: TrainableOps,
  artifact: Artifact,
  batches: readonly Batch[],
  session: Session,
  label: string,
  threshold?: number,
): Promise<Metrics> {
  if (artifact.task === 'fill-mask') {
    return metricsOf(
      sumOutcomes('masked', await fillingOutcomes(ops, artifact, batches as MaskedBatch[], session, label), 0),
    );
  }
  const { logits, targets, numLabels } = await classifierPredictions(
    ops,
    artifact,
    batches as TextBatch[],
    session,
    label,
  );
  const { multiLabel } = artifact;
  const from = multiLabel && threshold !== undefined ? { threshold } : {};
  const outcomes = textOutcomes(logits, targets, numLabels, { multiLabel, ...from });
  return metricsOf(sumOutcomes('classification', outcomes, numLabels));
}

async function overBatches<B extends Batch, R>(
  ops: TrainableOps,
  batches: readonly B[],
  session: Session,
  label: string,
  compute: (batch: B) => Promise<R>,
): Promise<R[]> {
  const parts: R[] = [];
  const pauses = new Pauses();
  for (const batch of batches) {
    await pauses.take(session.signal);
    parts.push(await ops.scope(() => compute(batch)));
    const fraction = parts.length / batches.length;
    session.progress.update({ label, fraction, detail: `${parts.length} of ${batches.length} batches` });
  }
  return parts;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
