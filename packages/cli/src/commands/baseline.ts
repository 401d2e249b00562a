/** `lacuna baseline`: the control beside a classifier, a bag of hashed words and n-grams, trained and scored at once. */
import { BAG_RECIPE, BagClassifier, type LabelledExample, Pauses, type Predictions } from '@lacuna/core';
import { defineCommand, type Session, UsageError, type Values } from '../command.ts';
import { writeEvaluation } from '../evaluation-file.ts';
import { classifierReport, fullText, overSeeds, type Report, reportText, withoutLabels } from '../evaluation-report.ts';
import { figures } from '../follow-training.ts';
import { LABEL_OPTIONS, labelledTexts, labelNames, mergedTexts, WITHOUT_OPTION } from '../labelled-data.ts';
import { formatQuantity } from '../quantity.ts';
import { SCORING_OPTIONS } from '../scoring.ts';
import { expectThresholdOptions, THRESHOLD_OPTIONS } from '../threshold-options.ts';

const { textColumn, labelColumn } = SCORING_OPTIONS;

const OPTIONS = {
  data: { kind: 'list', value: 'FILE', about: 'labelled examples to learn from', required: true },
  test: { kind: 'text', value: 'FILE', about: 'labelled examples to score', required: true },
  ...WITHOUT_OPTION,
  ...THRESHOLD_OPTIONS,
  textColumn,
  labelColumn,
  ...LABEL_OPTIONS,
  epochs: { kind: 'integer', about: 'times over the data', default: BAG_RECIPE.epochs, min: 1 },
  learningRate: {
    kind: 'number',
    about: 'of the first step; falls linearly to 0',
    default: BAG_RECIPE.learningRate,
    min: 1e-6,
    max: 10,
  },
  size: { kind: 'integer', about: 'numbers a word', default: BAG_RECIPE.size, min: 1, max: 1024 },
  buckets: { kind: 'integer', about: 'rows of the table of words', default: BAG_RECIPE.buckets, min: 16, max: 1 << 24 },
  ngrams: { kind: 'integer', about: 'longest run of words', default: BAG_RECIPE.ngrams, min: 1, max: 5 },
  seed: { kind: 'integer', about: 'of everything random', default: BAG_RECIPE.seed, min: 0, max: 0xffff_ffff },
  seeds: {
    kind: 'integer',
    about: 'train so many times, with this seed and those after it',
    default: 1,
    min: 1,
    max: 100,
  },
  out: { kind: 'text', value: 'FILE', about: 'keep the figures in this file, for model cards and results' },
} as const;

export const baseline = defineCommand({
  name: 'baseline',
  about:
    'Trains the control beside a classifier: hashed words and word n-grams, embedded, averaged and mapped to labels, as ' +
    'fastText does. It scores it as evaluate scores a model and keeps no model.',
  options: OPTIONS,
  examples: [
    'lacuna baseline --data train.tsv --test dev.tsv --seeds 3 --json',
    'lacuna baseline --data train.tsv --test test.tsv --multi-label --dev dev.tsv --labels-file labels.txt',
  ],
  async run(options, _positionals, session) {
    const { multiLabel, dev, outOfScope, seed, seeds, out } = options;
    expectThresholdOptions('baseline', options, multiLabel);
    const train = await mergedTexts(options.data, multiLabel, options, session, labelNames('baseline', options));
    const { labels } = train;
    const learned = train.examples.filter((example) => multiLabel || example.labels.length > 0);
    const [test, other] = await Promise.all(
      [options.test, dev].map(
        async (path) => path && (await labelledTexts(path, multiLabel, options, labels)).examples,
      ),
    );
    if (!test) throw new UsageError('baseline: --test must be FILE, got nothing.');
    session.progress.note(`baseline: ${formatQuantity(learned.length)} examples of ${labels.length} labels`);
    const reports: Report[] = [];
    let parameters = 0;
    for (let i = 0; i < seeds; i++) {
      const classifier = await trained(learned, labels.length, { ...options, seed: seed + i }, session);
      parameters = classifier.parameters;
      reports.push(
        classifierReport(predictionsOf(classifier, test), {
          labels,
          multiLabel,
          dev: other ? predictionsOf(classifier, other) : undefined,
          outOfScope: outOfScope !== undefined,
          outOfScopeShare: options.outOfScopeShare,
          seed: 0,
        }),
      );
    }
    const common = { model: 'bag of n-grams', parameters, labels: labels.length, trainedOn: learned.length };
    const { mean, sd } = overSeeds(reports);
    const [first] = reports as [Report];
    const fields = seeds === 1 ? { ...common, ...first } : { ...common, models: reports.map(withoutLabels), mean, sd };
    if (out !== undefined) writeEvaluation(out, fields);
    const lines = [...reports.map(reportText), `mean: ${figures(mean)}`];
    return { fields, text: seeds === 1 ? fullText(first) : lines.join('\n') };
  },
});

async function trained(
  examples: readonly LabelledExample[],
  numLabels: number,
  options: Values<typeof OPTIONS>,
  session: Session,
): Promise<BagClassifier> {
  const { epochs, learningRate, size, buckets, ngrams, multiLabel, seed } = options;
  const classifier = new BagClassifier({ epochs, learningRate, size, buckets, ngrams, multiLabel, seed }, numLabels);
  const pauses = new Pauses();
  let epoch = 0;
  for (const loss of classifier.train(examples)) {
    session.progress.update({ label: `seed ${seed}`, fraction: ++epoch / epochs, detail: `loss ${loss.toFixed(3)}` });
    await pauses.take(session.signal);
  }
  return classifier;
}

function predictionsOf(classifier: BagClassifier, examples: readonly LabelledExample[]): Predictions {
  const { numLabels } = classifier;
  const logits = new Float32Array(examples.length * numLabels);
  const targets = new Float32Array(examples.length * numLabels);
  for (const [n, { text, labels }] of examples.entries()) {
    logits.set(classifier.logits(text), n * numLabels);
    for (const k of labels) targets[n * numLabels + k] = 1;
  }
  return { logits, targets, numLabels };
}
