/** `lacuna evaluate`: what a model is worth on text or examples that it has not seen. */
import { defineCommand } from '../command.ts';
import { figures } from '../follow-training.ts';
import { openBackend } from '../lane-backend.ts';
import { BACKEND_OPTIONS } from '../pretrain-options.ts';
import { SCORING_OPTIONS, score, scoringBatches } from '../scoring.ts';
import { MODEL_OPTION, readTrainedModel } from '../trained-model.ts';

export const evaluate = defineCommand({
  name: 'evaluate',
  about:
    'Scores a fill-mask model on held-out text (only removed tokens count), or a classifier on labelled examples. ' +
    'The same options give the same windows and gaps, so models with one tokenizer can be compared.',
  options: { ...MODEL_OPTION, ...SCORING_OPTIONS, ...BACKEND_OPTIONS },
  examples: [
    'lacuna evaluate --model runs/base --text held-out.txt',
    'lacuna evaluate --model models/sentiment.safetensors --data dev.tsv --json',
  ],
  async run(options, _positionals, session) {
    const artifact = await readTrainedModel(options.model);
    const { batches, ...cut } = await scoringBatches('evaluate', artifact, options, session);
    const metrics = await score(await openBackend(options), artifact, batches, session);
    return { fields: { model: artifact.name, ...metrics, ...cut }, text: figures(metrics) };
  },
});
