/** `lacuna classify`: the labels of a text. */
import { defineCommand, UsageError } from '../command.ts';
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
    threshold: {
      kind: 'text',
      value: 'NUMBER|model',
      about: 'print labels of at least this score only; model: the score chosen when the model was exported',
    },
    truncate: { kind: 'flag', about: 'cut the end of a text that is too long' },
    ...BACKEND_OPTIONS,
  },
  examples: ['lacuna classify "a quietly moving film" --model models/lacuna-sentiment.safetensors'],
  async run(options, [text = ''], _session) {
    const { topK, truncate } = options;
    const threshold = thresholdOf(options.threshold);
    const model = await openModel(options.model, await openBackend(options));
    const labels = await model.classify(text, {
      truncate,
      ...(topK === undefined ? {} : { topK }),
      ...(threshold === undefined ? {} : { threshold }),
    });
    const rows = labels.map(({ label, score }) => [label, percent(score)]);
    return { fields: { model: model.name, labels }, text: table(['label', 'score'], rows) };
  },
});

function thresholdOf(given: string | undefined): number | 'model' | undefined {
  if (given === undefined || given === 'model') return given;
  const threshold = Number(given);
  if (given.trim() !== '' && threshold >= 0 && threshold <= 1) return threshold;
  throw new UsageError(`classify: --threshold must be a number from 0 to 1 or model, got ${given}.`, { got: given });
}
