/** `lacuna classify`: the labels of a text. */
import { defineCommand } from '../command.ts';
import { openBackend } from '../lane-backend.ts';
import { BACKEND_OPTIONS } from '../pretrain-options.ts';
import { percent, table } from '../table.ts';
import { MODEL_OPTION, openModel } from '../trained-model.ts';

export const classify = defineCommand({
  name: 'classify',
  about: 'Labels a text with a fine-tuned model.',
  positionals: ['TEXT'],
  options: {
    ...MODEL_OPTION,
    topK: { kind: 'integer', about: 'labels to print (default: all)', min: 1 },
    truncate: { kind: 'flag', about: 'cut the end of a text that is too long' },
    ...BACKEND_OPTIONS,
  },
  examples: ['lacuna classify "a quietly moving film" --model models/sentiment.safetensors'],
  async run(options, [text = ''], _session) {
    const { topK, truncate } = options;
    const model = await openModel(options.model, await openBackend(options));
    const labels = await model.classify(text, { truncate, ...(topK === undefined ? {} : { topK }) });
    const rows = labels.map(({ label, score }) => [label, percent(score)]);
    return { fields: { model: model.name, labels }, text: table(['label', 'score'], rows) };
  },
});
