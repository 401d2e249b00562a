/** `lacuna pytorch`: pre-training or distillation on a GPU that PyTorch knows; what comes out is a run like any other. */
import { join } from 'node:path';
import {
  type Artifact,
  floatWeights,
  LacunaError,
  type ModelConfig,
  parameterCount,
  recipeForSize,
  studentConfig,
  studentInitial,
  Tokenizer,
  withTrainedLength,
} from '@lacuna/core';
import { type Answer, defineCommand, type Options, type Session, UsageError, type Values } from '../command.ts';
import { openCorpus, tokenizerFor } from '../corpus.ts';
import { writeJsonFile } from '../evaluation-file.ts';
import { configOf, plannedVocabSize, RECIPE_OPTIONS, TOKENIZER_OPTIONS } from '../pretrain-options.ts';
import { adoptWeights } from '../pytorch-adopt.ts';
import {
  expectPytorch,
  type PytorchJob,
  TRAIN_SCRIPT,
  trainInPytorch,
  writeFloatWeights,
  writeIds,
} from '../pytorch-job.ts';
import { formatDuration, formatQuantity } from '../quantity.ts';
import { bothEnds, parseIntegerRange, parseRange } from '../ranges.ts';
import { readJson } from '../read-json.ts';
import { requireEmpty } from '../resume.ts';
import { RunFolder } from '../run-folder.ts';
import { expectTask, readTrainedModel, tokenizerOf } from '../trained-model.ts';

const { tokens, minutes, seed, ratio, ratioJitter, learningRate, weightDecay, ema } = RECIPE_OPTIONS;

const OPTIONS = {
  text: { kind: 'list', value: 'FILE', about: 'text to learn: .txt .tsv .csv .jsonl, also .gz .zst; or "embedded"' },
  valid: { kind: 'list', value: 'FILE', about: 'held-out text to score now and then and at the end' },
  out: { kind: 'text', value: 'DIR', about: 'the folder of the run', required: true },
  config: { kind: 'text', value: 'NAME|FILE', about: 'tiny, small, base, or a JSON file', default: 'base' },
  teacher: { kind: 'text', value: 'DIR|FILE', about: 'distil: the model whose answers count beside the text' },
  start: { kind: 'text', value: 'DIR|FILE', about: 'start from this model, or from layers of it, evenly spread' },
  layers: { kind: 'text', value: 'E:D', about: 'encoder and decoder layers of a student of --start (or --teacher)' },
  tokenizer: {
    kind: 'text',
    value: 'FILE',
    about: "a tokenizer.json (default: the teacher's, or one trained on the text)",
  },
  textColumn: {
    kind: 'text',
    value: 'NAME',
    about: 'column of tables that holds the text (default: text or sentence)',
  },
  ...{ tokens, minutes, seed, ratio, ratioJitter },
  batchTokens: { kind: 'integer', about: 'tokens a step', default: 65_536, min: 1 },
  length: { kind: 'integer', about: 'tokens a window; a tenth of the batches have 32', default: 128, min: 32 },
  ...{ learningRate, weightDecay, ema },
  ...TOKENIZER_OPTIONS,
  device: { kind: 'text', value: 'NAME', about: "PyTorch's name of the device", default: 'cuda' },
  prepare: { kind: 'flag', about: 'only write what the script needs, and tell how to run it on another machine' },
  resume: { kind: 'flag', about: 'make a run of the weights that are in --out, trained elsewhere or interrupted' },
} as const satisfies Options;

type PytorchValues = Values<typeof OPTIONS>;

export const pytorch = defineCommand({
  name: 'pytorch',
  about:
    'Pre-trains, or with --teacher distils, in PyTorch on a GPU, for machines that have both: the same model and objective ' +
    'as lacuna pretrain and distill, at millions of tokens a second. The folder becomes a run that every other command ' +
    'reads. With --prepare it can be taken to a machine without Node, and back.',
  options: OPTIONS,
  examples: [
    'lacuna pytorch --text wiki.txt.zst --valid held-out.txt --config base --minutes 10 --out runs/base',
    'lacuna pytorch --teacher runs/base --start runs/base --layers 3:2 --text wiki.txt.zst --minutes 5 --out runs/student',
    'lacuna pytorch --text wiki.txt.zst --minutes 10 --prepare --out runs/elsewhere',
    'lacuna pytorch --resume --out runs/elsewhere',
  ],
  async run(line, _positionals, session) {
    const folder = new RunFolder(line.out);
    const options = line.resume ? storedOptions(folder) : line;
    if (!line.resume) checkLine(line, folder);
    // Before minutes go into the text.
    const python = line.resume || line.prepare ? '' : expectPytorch();
    if (!line.resume) await prepare(options, folder, session);
    const script = `python3 ${TRAIN_SCRIPT} ${folder.path}`;
    if (line.prepare && !line.resume) {
      const next = [
        `Prepared ${folder.path}. Train it, here or where the folder and scripts/pytorch are taken:`,
        script,
      ];
      return {
        fields: { out: folder.path, prepared: true, script },
        text: [...next, `Then: lacuna pytorch --resume --out ${folder.path}`].join('\n'),
      };
    }
    const trained = line.resume || (await trainInPytorch(python, folder.path, session));
    if (!trained) {
      const text = `Interrupted. For a run of what is saved: lacuna pytorch --resume --out ${folder.path}`;
      return { fields: { out: folder.path, complete: false }, text, exitCode: 130 };
    }
    return adopted(folder, options);
  },
});

async function adopted(folder: RunFolder, options: PytorchValues): Promise<Answer> {
  const { step, tokens, seconds, complete = false, metrics } = await adoptWeights(folder, options);
  const sum = `${formatQuantity(tokens)} tokens in ${step} steps and ${formatDuration(seconds)}`;
  const named = Object.entries(metrics ?? {}).map(([name, value]) => `${name} ${value.toFixed(4)}`);
  const scored = named.length === 0 ? '' : `: ${named.join(' · ')}`;
  return {
    fields: { out: folder.path, step, tokens, seconds, complete, ...(metrics === undefined ? {} : { metrics }) },
    text: [
      `Trained on ${sum}${complete ? '' : ', not to its end'}${scored}.`,
      `Saved ${folder.checkpoint}.`,
      `Try it: lacuna fill-mask "The [MASK] went home." --model ${folder.path}`,
    ].join('\n'),
  };
}

const optionsPath = (folder: RunFolder) => join(folder.path, 'options.json');

function storedOptions(folder: RunFolder): PytorchValues {
  return readJson('pytorch', optionsPath(folder), 'malformed_data') as PytorchValues;
}

/** Throws for what can be seen without reading anything. */
function checkLine({ text, tokens, minutes, layers, start, teacher }: PytorchValues, folder: RunFolder): void {
  requireEmpty('pytorch', folder);
  if (text === undefined) throw new UsageError('pytorch: --text must be FILE…, got nothing.');
  if ((tokens === undefined) === (minutes === undefined)) {
    throw new UsageError('pytorch: expected one of --tokens and --minutes.');
  }
  if (layers !== undefined && start === undefined && teacher === undefined) {
    throw new UsageError('pytorch: --layers needs --start or --teacher.');
  }
}

/** Writes everything that the script reads. */
async function prepare(options: PytorchValues, folder: RunFolder, session: Session): Promise<void> {
  const { text = [], valid, textColumn, length } = options;
  const teacher = await modelOf(options.teacher);
  const start = await modelOf(options.start);
  const corpus = await openCorpus(text, textColumn);
  const tokenizer = await vocabularyOf(options, teacher ?? start, session);
  for (const model of [teacher, start]) {
    if (model === undefined || model.pieces.join(' ') === tokenizer.pieces.join(' ')) continue;
    throw new LacunaError('checkpoint_mismatch', 'pytorch: --teacher and --start must have the vocabulary of the run.');
  }
  const config = withTrainedLength(shapeOf(options, start ?? teacher, tokenizer.vocabSize), { length });
  const initial = start && studentInitial(config, start.config, floatWeights(start));
  const [from, to] = bothEnds(parseRange('--ratio', options.ratio));
  const job: PytorchJob = {
    device: options.device,
    seed: options.seed,
    tokens: options.tokens ?? null,
    minutes: options.minutes ?? null,
    batchTokens: options.batchTokens,
    length,
    ratio: [from, to],
    ratioJitter: options.ratioJitter,
    learningRate: options.learningRate ?? recipeForSize(config).learningRate,
    weightDecay: options.weightDecay,
    ema: options.ema,
    teacher: teacher !== undefined,
    start: start !== undefined,
  };
  folder.create();
  folder.writeJson('config.json', config);
  folder.writeJson('tokenizer.json', tokenizer.toJSON());
  writeJsonFile(join(folder.path, 'job.json'), job);
  writeJsonFile(optionsPath(folder), options);
  if (teacher) {
    await writeFloatWeights(join(folder.path, 'teacher.safetensors'), teacher.config, floatWeights(teacher));
  }
  if (initial) await writeFloatWeights(join(folder.path, 'start.safetensors'), config, initial);
  const count = await writeIds(join(folder.path, 'ids.npy'), corpus, tokenizer, length, session);
  if (valid) {
    const held = await openCorpus(valid, textColumn);
    await writeIds(join(folder.path, 'valid.npy'), held, tokenizer, length, session);
  }
  session.progress.note(
    `pytorch: ${formatQuantity(parameterCount(config))} parameters, ${formatQuantity(count)} tokens of text`,
  );
}

async function modelOf(path: string | undefined): Promise<Artifact | undefined> {
  if (path === undefined) return undefined;
  const model = await readTrainedModel(path);
  expectTask('pytorch', model, 'fill-mask');
  return model;
}

async function vocabularyOf(options: PytorchValues, model: Artifact | undefined, session: Session): Promise<Tokenizer> {
  if (options.tokenizer !== undefined) {
    return Tokenizer.fromJSON(readJson('tokenizer', options.tokenizer, 'malformed_data'));
  }
  if (model !== undefined) return tokenizerOf(model);
  const vocabSize = options.vocabSize ?? plannedVocabSize(options.config);
  const corpus = await openCorpus(options.text ?? [], options.textColumn);
  const { tokenizerBytes: maxBytes } = options;
  return Tokenizer.fromJSON(await tokenizerFor(corpus, { vocabSize, maxBytes }, session));
}

function shapeOf(options: PytorchValues, model: Artifact | undefined, vocabSize: number): ModelConfig {
  if (options.layers === undefined || model === undefined) return configOf(options.config, undefined, vocabSize);
  const [encoder, decoder] = bothEnds(parseIntegerRange('--layers', options.layers));
  return studentConfig(model.config, { encoder, decoder });
}
