/** `lacuna distill`: a smaller student learns to fill gaps as its teacher does. */
import {
  DISTILL_RECIPE,
  type DistillRecipe,
  floatWeights,
  LacunaError,
  parameterCount,
  studentConfig,
  distill as train,
  withTrainedLength,
} from '@lacuna/core';
import { defineCommand, UsageError } from '../command.ts';
import { openCorpus } from '../corpus.ts';
import { followTraining } from '../follow-training.ts';
import { chooseLanes } from '../lane-backend.ts';
import { MACHINE_OPTIONS, RECIPE_OPTIONS, recipeOf } from '../pretrain-options.ts';
import { formatQuantity } from '../quantity.ts';
import { bothEnds, parseIntegerRange } from '../ranges.ts';
import { requireEmpty, resumeRun, storedRecipe } from '../resume.ts';
import { RunFolder } from '../run-folder.ts';
import { expectTask, readTrainedModel, tokenizerOf } from '../trained-model.ts';
import { VALID_OPTIONS, validation } from '../validation.ts';

export const distill = defineCommand({
  name: 'distill',
  about:
    "Trains a student with the teacher's tokenizer and width and fewer layers, started from alternate layers of the " +
    'teacher, on its answers and the text. Ctrl-C saves a checkpoint; --resume goes on from it with the same bits.',
  options: {
    teacher: { kind: 'text', value: 'DIR|FILE', about: 'the model to learn from' },
    start: {
      kind: 'text',
      value: 'DIR|FILE',
      about:
        'start from alternate layers of this model, e.g. where the teacher is wider; --hidden 0 then (default: the teacher)',
    },
    text: {
      kind: 'list',
      value: 'FILE',
      about: 'text to learn on: .txt .tsv .csv .jsonl, also .gz .zst; or "embedded"',
    },
    out: { kind: 'text', value: 'DIR', about: 'the folder of the run', required: true },
    resume: {
      kind: 'flag',
      about: 'go on from the checkpoint in --out with its own options; a new budget may be given',
    },
    layers: {
      kind: 'text',
      value: 'E:D',
      about: "the student's encoder and decoder layers (default: half the teacher's)",
    },
    control: {
      kind: 'flag',
      about: 'train the same student without a teacher and from random weights, to compare with',
    },
    soft: { kind: 'number', about: "weight of the teacher's answers", default: DISTILL_RECIPE.weights.soft, min: 0 },
    hard: { kind: 'number', about: 'weight of the removed tokens', default: DISTILL_RECIPE.weights.hard, min: 0 },
    hidden: {
      kind: 'number',
      about: "weight of the teacher's states at the gaps",
      default: DISTILL_RECIPE.weights.hidden,
      min: 0,
    },
    temperature: { kind: 'number', about: 'of the answers', default: DISTILL_RECIPE.temperature, min: 0.1, max: 20 },
    ...RECIPE_OPTIONS,
    ...VALID_OPTIONS,
    textColumn: {
      kind: 'text',
      value: 'NAME',
      about: 'column of tables that holds the text (default: text or sentence)',
    },
    ...MACHINE_OPTIONS,
  },
  examples: ['lacuna distill --teacher runs/base --text wiki.txt.zst --layers 2:2 --tokens 5M --out runs/student'],
  async run(line, _positionals, session) {
    const folder = new RunFolder(line.out);
    if (!line.resume) requireEmpty('distill', folder);
    const resumed = line.resume ? await resumeRun('distill', folder, line, session) : undefined;
    const options = resumed?.options ?? line;
    const { teacher: path, text, temperature, control } = options;
    if (path === undefined || text === undefined) {
      throw new UsageError('distill: expected --teacher DIR|FILE and --text FILE….');
    }
    const teacher = await readTrainedModel(path);
    expectTask('distill', teacher, 'fill-mask');
    const tokenizer = tokenizerOf(teacher);
    const start = options.start === undefined ? teacher : await readTrainedModel(options.start);
    expectTask('distill', start, 'fill-mask');
    if (start.pieces.join(' ') !== teacher.pieces.join(' ')) {
      throw new LacunaError(
        'checkpoint_mismatch',
        'distill: --start must have the vocabulary of --teacher, got another.',
      );
    }
    const [encoder, decoder] =
      options.layers === undefined ? [] : bothEnds(parseIntegerRange('--layers', options.layers));
    const shape =
      resumed?.checkpoint.config ??
      studentConfig(start.config, { ...(encoder ? { encoder } : {}), ...(decoder ? { decoder } : {}) });
    const common = recipeOf(options, shape);
    const config = withTrainedLength(shape, common);
    const recipe: DistillRecipe = {
      ...common,
      learningRate: options.learningRate ?? DISTILL_RECIPE.learningRate,
      weights: { soft: options.soft, hard: options.hard, hidden: options.hidden },
      topK: DISTILL_RECIPE.topK,
      temperature,
      fromTeacher: !control,
      control,
    };
    const parameters = parameterCount(config);
    folder.create();
    folder.writeJson('config.json', config);
    const tokenizerJson = tokenizer.toJSON();
    folder.writeJson('tokenizer.json', tokenizerJson);
    folder.log({ type: resumed ? 'resume' : 'start', parameters, recipe, options });
    session.progress.note(
      `distill: ${formatQuantity(parameters)} parameters from ${formatQuantity(parameterCount(teacher.config))}`,
    );
    const corpus = await openCorpus(text, options.textColumn);
    const evaluation = await validation(options, recipe, tokenizer);
    const { makeLanes, backend, lanes, report } = await chooseLanes(options, config, session);
    if (report) folder.log({ type: 'backend', ...report });
    const events = train({
      config,
      teacher: { config: teacher.config, parameters: floatWeights(teacher) },
      ...(start === teacher ? {} : { start: { config: start.config, parameters: floatWeights(start) } }),
      recipe,
      vocabulary: tokenizer,
      openWindows: (at) => corpus.windows(tokenizer, recipe.seed, at),
      makeLanes,
      checkpointEvery: { minutes: options.checkpointMinutes },
      signal: session.signal,
      ...(evaluation === undefined ? {} : { evaluation }),
      ...(resumed === undefined ? {} : { resume: resumed.checkpoint.state }),
    });
    return followTraining(events, {
      label: 'distill',
      folder,
      description: { config, tokenizer: tokenizerJson, recipe: storedRecipe('distill', options, recipe) },
      resumeLine: `lacuna distill --out ${folder.path} --resume`,
      nextLine: `Try it: lacuna fill-mask "The [MASK] went home." --model ${folder.path}`,
      fields: { parameters, lanes, backend },
      session,
    });
  },
});
