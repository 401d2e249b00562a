/** `lacuna teach`: what classifiers say of texts and of variants of them, as a file that `finetune` learns from. */
import type { EncodedExample, Tokenizer } from '@lacuna/core';
import { saveBytes } from '@lacuna/core/node';
import { defineCommand, UsageError } from '../command.ts';
import { DATA_OPTIONS, openLabelled, WITHOUT_OPTION } from '../labelled-data.ts';
import { openBackend } from '../lane-backend.ts';
import { BACKEND_OPTIONS } from '../pretrain-options.ts';
import { formatQuantity } from '../quantity.ts';
import { TEACHING_OPTIONS, teach as taughtBy } from '../taught-examples.ts';
import { expectTask, readTrainedModel, tokenizerOf } from '../trained-model.ts';

const { data, textColumn, labelColumn } = DATA_OPTIONS;
/** Of more labels than these only those that count are written: the others share what is left. */
const ALL_LABELS = 16;
const LEAST = 1e-4;

export const teach = defineCommand({
  name: 'teach',
  about:
    'Labels texts by the mean of one or several classifiers, and with --variants new texts made of each by refilling gaps. ' +
    'It writes a line of JSON a text, with a probability a label, for `finetune --data`: made once, it serves any number of ' +
    'students. Lines of your own making serve as well.',
  options: {
    ...{ data, textColumn, labelColumn },
    ...WITHOUT_OPTION,
    ...TEACHING_OPTIONS,
    teacher: { ...TEACHING_OPTIONS.teacher, about: 'the classifiers; of several the mean counts', required: true },
    infill: { ...TEACHING_OPTIONS.infill, about: 'the fill-mask model that makes variants', required: true },
    maxLength: {
      kind: 'integer',
      about: 'tokens of the longest text; longer ones lose their end',
      default: 128,
      min: 4,
    },
    seed: { kind: 'integer', about: 'of the variants', default: 1, min: 0, max: 0xffff_ffff },
    out: { kind: 'text', value: 'FILE', about: 'the file to write, *.jsonl', required: true },
    ...BACKEND_OPTIONS,
  },
  examples: [
    'lacuna teach --data train.tsv --teacher runs/one runs/two --variants 5 --infill runs/base --out taught.jsonl',
    'lacuna finetune --model runs/student --data taught.jsonl --out runs/small',
  ],
  async run(options, _positionals, session) {
    const { out, infill, maxLength, data: files = [] } = options;
    if (!out.endsWith('.jsonl')) throw new UsageError(`teach: --out must be a file *.jsonl, got ${out}.`, { out });
    if (files.length === 0 && options.unlabelled === undefined) {
      throw new UsageError('teach: expected --data FILE… or --unlabelled FILE…, or both.');
    }
    const [first] = options.teacher;
    if (first === undefined) throw new UsageError('teach: --teacher must be DIR|FILE, got nothing.');
    const classifier = await readTrainedModel(first);
    expectTask('teach', classifier, 'text-classification');
    const { labels, multiLabel } = classifier;
    const tokenizer = tokenizerOf(await readTrainedModel(infill));
    const { examples, truncated } =
      files.length === 0
        ? { examples: [], truncated: 0 }
        : await openLabelled(files, tokenizer, maxLength, multiLabel, options, session, labels);
    const told = { ...options, model: infill, multiLabel, tokenizer, maxLength };
    const taught = await taughtBy(await openBackend(options), told, examples, labels, session);
    const lines = taught.map((example) => `${JSON.stringify(rowOf(example, labels, multiLabel, tokenizer))}\n`);
    await saveBytes(out, new TextEncoder().encode(lines.join('')));
    return {
      fields: { out, labels, examples: taught.length, own: examples.length, truncated },
      text: `Wrote ${out}: ${formatQuantity(taught.length)} texts with what ${options.teacher.length + options.bags} say of them.`,
    };
  },
});

/** The text as the model reads it, and its labels' probabilities. */
function rowOf(
  { ids, targets }: EncodedExample,
  labels: readonly string[],
  multiLabel: boolean,
  tokenizer: Tokenizer,
): { readonly text: string; readonly label: Readonly<Record<string, number>> } {
  const named = labels.map((label, i) => [label, Number((targets[i] as number).toPrecision(4))] as const);
  const kept = named.filter(([, p]) => labels.length <= ALL_LABELS || p >= LEAST);
  // Nothing is left to share where no label is likely enough to be named.
  const some = kept.length > 0 || multiLabel ? kept : named;
  return { text: tokenizer.decode(ids, { skipSpecial: true }), label: Object.fromEntries(some) };
}
