/** `lacuna relabel`: labelled texts with other labels, e.g. emotions as a sentiment, so that one task's data serve another. */
import { saveBytes } from '@lacuna/core/node';
import { defineCommand, UsageError } from '../command.ts';
import { DATA_OPTIONS, LABEL_OPTIONS, labelNames, mergedTexts, WITHOUT_OPTION } from '../labelled-data.ts';
import { formatQuantity } from '../quantity.ts';

const { data, textColumn, labelColumn } = DATA_OPTIONS;

export const relabel = defineCommand({
  name: 'relabel',
  about:
    'Writes labelled texts with the labels that --map gives for theirs, a line of JSON a text, for `finetune --data`. Left out are ' +
    'texts with a label that it does not name, with none, or with several that it does not bring to one.',
  options: {
    data: { ...data, required: true },
    ...{ textColumn, labelColumn },
    ...WITHOUT_OPTION,
    ...LABEL_OPTIONS,
    map: { kind: 'list', value: 'OLD=NEW', about: 'labels and what becomes of them', required: true },
    out: { kind: 'text', value: 'FILE', about: 'the file to write, *.jsonl', required: true },
  },
  examples: [
    'lacuna relabel --data emotions.tsv --multi-label --map joy=positive anger=negative fear=negative --out sentiment.jsonl',
  ],
  async run(options, _positionals, session) {
    const { out, multiLabel, map } = options;
    if (!out.endsWith('.jsonl')) throw new UsageError(`relabel: --out must be a file *.jsonl, got ${out}.`, { out });
    const renamed = pairs(map);
    const { examples, labels } = await mergedTexts(
      options.data,
      multiLabel,
      options,
      session,
      labelNames('relabel', options),
    );
    const unknown = [...renamed.keys()].filter((label) => !labels.includes(label));
    if (unknown.length > 0) {
      const message = `relabel: --map: expected labels out of ${labels.join(', ')}, got ${unknown.join(', ')}.`;
      throw new UsageError(message, { unknown, labels });
    }
    const rows = examples.flatMap(({ text, labels: given }) => {
      const news = new Set(given.map((label) => renamed.get(labels[label] as string)));
      const [label] = news;
      return news.size === 1 && label !== undefined ? [{ text, label }] : [];
    });
    await saveBytes(out, new TextEncoder().encode(rows.map((row) => `${JSON.stringify(row)}\n`).join('')));
    const counts: Record<string, number> = {};
    for (const { label } of rows) counts[label] = (counts[label] ?? 0) + 1;
    const each = Object.entries(counts).map(([label, count]) => `${label} ${formatQuantity(count)}`);
    return {
      fields: { out, examples: rows.length, leftOut: examples.length - rows.length, counts },
      text: `Wrote ${out}: ${formatQuantity(rows.length)} of ${formatQuantity(examples.length)} texts (${each.join(', ')}).`,
    };
  },
});

function pairs(map: readonly string[]): Map<string, string> {
  const split = map.map((pair): [string, string] => {
    const at = pair.indexOf('=');
    if (at > 0 && at < pair.length - 1) return [pair.slice(0, at), pair.slice(at + 1)];
    throw new UsageError(`relabel: --map: expected OLD=NEW, got ${pair}.`, { pair });
  });
  const renamed = new Map(split);
  if (renamed.size === split.length) return renamed;
  throw new UsageError(`relabel: --map: expected each label once, got ${map.join(' ')}.`, { map });
}
