/** `lacuna finetune`: a pre-trained encoder learns to label texts. */
import { floatWeights, finetune as train } from '@lacuna/core';
import { defineCommand, UsageError } from '../command.ts';
import { FINETUNE_OPTIONS, finetuneRecipe } from '../finetune-options.ts';
import { followTraining } from '../follow-training.ts';
import { DATA_OPTIONS, LABEL_OPTIONS, labelNames, openLabelled, WITHOUT_OPTION } from '../labelled-data.ts';
import { chooseLanes, openBackend } from '../lane-backend.ts';
import { formatQuantity } from '../quantity.ts';
import { requireEmpty, resumeRun, storedRecipe } from '../resume.ts';
import { RunFolder } from '../run-folder.ts';
import { TEACHER_OPTIONS, teach } from '../taught-examples.ts';
import { expectTask, readTrainedModel, tokenizerOf } from '../trained-model.ts';

export const finetune = defineCommand({
  name: 'finetune',
  about:
    'Puts a classification head on a pre-trained encoder and trains both on labelled texts, or with --teacher on what ' +
    'other classifiers say of them and of variants (task distillation); `lacuna teach` writes that to a file for several runs. ' +
    'Ctrl-C saves a checkpoint; --resume goes on from it with the same bits.',
  options: {
    model: { kind: 'text', value: 'DIR|FILE', about: 'the pre-trained model to start from' },
    ...DATA_OPTIONS,
    out: { kind: 'text', value: 'DIR', about: 'the folder of the run', required: true },
    resume: { kind: 'flag', about: 'go on from the checkpoint in --out with its own options' },
    ...WITHOUT_OPTION,
    ...LABEL_OPTIONS,
    ...TEACHER_OPTIONS,
    ...FINETUNE_OPTIONS,
  },
  examples: [
    'lacuna finetune --model runs/base --data train.tsv --valid dev.tsv --labels negative positive --out runs/sentiment',
    'lacuna finetune --model runs/student --data train.tsv --teacher runs/sentiment --variants 5 --out runs/small',
    'lacuna finetune --out runs/sentiment --resume',
  ],
  async run(line, _positionals, session) {
    const folder = new RunFolder(line.out);
    if (!line.resume) requireEmpty('finetune', folder);
    const resumed = line.resume ? await resumeRun('finetune', folder, line, session) : undefined;
    const options = resumed?.options ?? line;
    const { model, data, valid, multiLabel } = options;
    if (model === undefined || data === undefined) {
      throw new UsageError('finetune: expected --model DIR|FILE and --data FILE….');
    }
    if (options.teacher === undefined && (options.bags > 0 || options.variants > 0 || options.unlabelled)) {
      throw new UsageError('finetune: --bags, --variants and --unlabelled must stand with --teacher, got none.');
    }
    const pretrained = await readTrainedModel(model);
    expectTask('finetune', pretrained, 'fill-mask');
    const tokenizer = tokenizerOf(pretrained);
    const { teacher, logitsWeight, maxLength } = options;
    const known = resumed?.checkpoint.labels ?? labelNames('finetune', options);
    const { examples, labels, truncated, soft } = await openLabelled(
      data,
      tokenizer,
      maxLength,
      multiLabel,
      { ...options, soft: teacher === undefined },
      session,
      known,
    );
    const recipe = finetuneRecipe(options, { multiLabel, logitsWeight: soft || teacher ? logitsWeight : 0 });
    const config = { ...pretrained.config, maxPositionEmbeddings: maxLength };
    const taught =
      teacher === undefined
        ? examples
        : await teach(
            await openBackend(options),
            { ...options, model, tokenizer, maxLength },
            examples,
            labels,
            session,
          );
    const held =
      valid === undefined
        ? undefined
        : await openLabelled(
            [valid],
            tokenizer,
            maxLength,
            multiLabel,
            { ...options, without: undefined },
            session,
            labels,
          );
    folder.create();
    folder.writeJson('config.json', config);
    const tokenizerJson = tokenizer.toJSON();
    folder.writeJson('tokenizer.json', tokenizerJson);
    folder.log({ type: resumed ? 'resume' : 'start', recipe, options, labels });
    session.progress.note(`finetune: ${formatQuantity(taught.length)} examples of ${labels.length} labels`);
    const { makeLanes, backend, lanes, report } = await chooseLanes(options, config, session);
    if (report) folder.log({ type: 'backend', ...report });
    const events = train({
      config,
      numLabels: labels.length,
      recipe,
      encoder: floatWeights(pretrained),
      examples: taught,
      makeLanes,
      checkpointEvery: { minutes: options.checkpointMinutes },
      signal: session.signal,
      ...(held === undefined ? {} : { evaluation: { examples: held.examples } }),
      ...(resumed === undefined ? {} : { resume: resumed.checkpoint.state }),
    });
    return followTraining(events, {
      label: 'finetune',
      folder,
      description: {
        config,
        head: { numLabels: labels.length },
        labels,
        tokenizer: tokenizerJson,
        recipe: storedRecipe('finetune', options, recipe),
      },
      resumeLine: `lacuna finetune --out ${folder.path} --resume`,
      nextLine: `Try it: lacuna classify "…" --model ${folder.path}`,
      fields: { labels, examples: taught.length, truncated, lanes, backend },
      session,
    });
  },
});
