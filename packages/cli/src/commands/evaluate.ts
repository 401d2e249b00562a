/** `lacuna evaluate`: what a model is worth on text or examples that it has not seen. */
import { type Artifact, type MaskedBatch, parameterCount, type TextBatch, type TrainableOps } from '@lacuna/core';
import { defineCommand, type Session, UsageError, type Values } from '../command.ts';
import { writeEvaluation } from '../evaluation-file.ts';
import {
  classifierReport,
  fillingReport,
  fullText,
  overSeeds,
  type Report,
  reportText,
  withoutLabels,
} from '../evaluation-report.ts';
import { figures } from '../follow-training.ts';
import { WITHOUT_OPTION } from '../labelled-data.ts';
import { openBackend } from '../lane-backend.ts';
import { BACKEND_OPTIONS } from '../pretrain-options.ts';
import { classifierPredictions, fillingOutcomes, SCORING_OPTIONS, scoringBatches, textBatches } from '../scoring.ts';
import { expectThresholdOptions, THRESHOLD_OPTIONS } from '../threshold-options.ts';
import { readTrainedModel } from '../trained-model.ts';

const OPTIONS = {
  model: {
    kind: 'list',
    value: 'DIR|FILE',
    about: 'the folder of a run, or an exported model; several that differ in their seed are averaged',
    required: true,
  },
  ...SCORING_OPTIONS,
  ...WITHOUT_OPTION,
  ...THRESHOLD_OPTIONS,
  out: { kind: 'text', value: 'FILE', about: 'keep the figures in this file, for model cards and results' },
  ...BACKEND_OPTIONS,
} as const;

export const evaluate = defineCommand({
  name: 'evaluate',
  about:
    'Scores a fill-mask model on held-out text (only removed tokens count), or a classifier on labelled examples. ' +
    'The same options give the same windows and gaps, so models with one tokenizer can be compared. ' +
    'Of one classifier it tells how well each label is found. --json and --out give 95 % intervals beside the figures.',
  options: OPTIONS,
  examples: [
    'lacuna evaluate --model runs/base --text held-out.txt',
    'lacuna evaluate --model models/lacuna-sentiment.safetensors --data dev.tsv --json',
    'lacuna evaluate --model runs/intent --data set.json#test+oos_test --dev set.json#val+oos_val --out-of-scope oos',
  ],
  async run(options, _positionals, session) {
    const rows = [];
    for (const path of options.model) rows.push(await evaluated(path, options, session));
    const [first] = rows;
    if (first === undefined) throw new UsageError('evaluate: --model must be DIR|FILE, got nothing.');
    const { mean, sd } = overSeeds(rows.map(({ report }) => report));
    const one = rows.length === 1;
    const fields = one ? first.fields : { models: rows.map((row) => withoutLabels(row.fields)), mean, sd };
    if (options.out !== undefined) writeEvaluation(options.out, fields);
    const lines = rows.map(({ fields: { model }, report }) => `${model}: ${reportText(report)}`);
    return { fields, text: one ? fullText(first.report) : [...lines, `mean: ${figures(mean)}`].join('\n') };
  },
});

async function evaluated(path: string, options: Values<typeof OPTIONS>, session: Session) {
  const artifact = await readTrainedModel(path);
  const { batches, ...cut } = await scoringBatches('evaluate', artifact, options, session);
  const ops = await openBackend(options);
  const report =
    artifact.task === 'fill-mask'
      ? fillingReport(
          await fillingOutcomes(ops, artifact, batches as readonly MaskedBatch[], session, 'evaluate'),
          options.seed,
        )
      : await classified(ops, artifact, batches as readonly TextBatch[], options, session);
  const { name, config, labels, quantization, sizeBytes, task } = artifact;
  const head = task === 'fill-mask' ? undefined : { numLabels: labels.length };
  const facts = {
    model: name,
    parameters: parameterCount(config, head),
    weights: quantization === 'int8' ? 'int8' : 'float32',
    // A run holds more than its weights.
    ...(path.endsWith('.safetensors') ? { sizeBytes } : {}),
  };
  return { fields: { ...facts, ...report, ...cut }, report };
}

async function classified(
  ops: TrainableOps,
  artifact: Artifact,
  batches: readonly TextBatch[],
  options: Values<typeof OPTIONS>,
  session: Session,
): Promise<Report> {
  const { dev, outOfScope, seed } = options;
  const { labels, multiLabel } = artifact;
  expectThresholdOptions('evaluate', options, multiLabel);
  const reading = { ...options, without: undefined };
  const other = dev === undefined ? undefined : await textBatches('evaluate', artifact, dev, reading, session);
  return classifierReport(await classifierPredictions(ops, artifact, batches, session, 'evaluate'), {
    labels,
    multiLabel,
    dev: other && (await classifierPredictions(ops, artifact, other.batches, session, 'dev')),
    outOfScope: outOfScope !== undefined,
    outOfScopeShare: options.outOfScopeShare,
    seed,
  });
}
