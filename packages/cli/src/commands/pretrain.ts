/** `lacuna pretrain`: text in, a masked autoencoder out. */
import {
  floatWeights,
  LacunaError,
  type ModelConfig,
  parameterCount,
  recipeForSize,
  recipeToContinue,
  Tokenizer,
  type TrainingState,
  pretrain as train,
  withTrainedLength,
} from '@lacuna/core';
import { kebab } from '../arguments.ts';
import { defineCommand, type Session, UsageError, type Values } from '../command.ts';
import { openCorpus, tokenizerFor } from '../corpus.ts';
import { followTraining } from '../follow-training.ts';
import { chooseLanes, expectBackend } from '../lane-backend.ts';
import {
  budgetOf,
  configOf,
  MACHINE_OPTIONS,
  plannedVocabSize,
  RECIPE_OPTIONS,
  recipeOf,
  TOKENIZER_OPTIONS,
} from '../pretrain-options.ts';
import { formatQuantity } from '../quantity.ts';
import { readJson } from '../read-json.ts';
import { requireEmpty, resumeRun, storedRecipe } from '../resume.ts';
import { RunFolder } from '../run-folder.ts';
import { expectTask, readTrainedModel, tokenizerOf } from '../trained-model.ts';
import { VALID_OPTIONS, validation } from '../validation.ts';

const OPTIONS = {
  text: { kind: 'list', value: 'FILE', about: 'text to learn: .txt .tsv .csv .jsonl, also .gz .zst; or "embedded"' },
  out: { kind: 'text', value: 'DIR', about: 'the folder of the run', required: true },
  model: {
    kind: 'text',
    value: 'DIR|FILE',
    about: 'go on from the weights of this model, with its shape and vocabulary: better where there is little text',
  },
  config: { kind: 'text', value: 'NAME|FILE', about: 'tiny, small, base, or a JSON file', default: 'small' },
  objective: {
    kind: 'choice',
    choices: ['mae', 'mlm'],
    about: 'masked autoencoder, or the masked-LM control (default: as the config says)',
  },
  resume: { kind: 'flag', about: 'go on from the checkpoint in --out with its own options; a new budget may be given' },
  ...RECIPE_OPTIONS,
  ...VALID_OPTIONS,
  textColumn: {
    kind: 'text',
    value: 'NAME',
    about: 'column of tables that holds the text (default: text or sentence)',
  },
  tokenizer: { kind: 'text', value: 'FILE', about: 'a tokenizer.json; without it one is trained on the text' },
  ...TOKENIZER_OPTIONS,
  ...MACHINE_OPTIONS,
} as const;

type PretrainValues = Values<typeof OPTIONS>;

export const pretrain = defineCommand({
  name: 'pretrain',
  about:
    'Trains a masked autoencoder on text: a share of the tokens is removed, the encoder reads the rest, the decoder ' +
    'fills the gaps. Ctrl-C saves a checkpoint; --resume goes on from it with the same bits.',
  options: OPTIONS,
  examples: [
    'lacuna pretrain --text embedded --config tiny --minutes 1 --out runs/first',
    'lacuna pretrain --text wiki.txt.zst reviews.tsv.gz --valid held-out.txt --config base --tokens 20M --out runs/base',
    'lacuna pretrain --model models/lacuna-fill.safetensors --text articles.txt --minutes 10 --out runs/mine',
    'lacuna pretrain --out runs/base --resume',
  ],
  async run(line, _positionals, session) {
    const folder = new RunFolder(line.out);
    const { options, config, tokenizerJson, initial, state } = line.resume
      ? await resumed(line, folder, session)
      : await fresh(line, folder, session);
    const tokenizer = Tokenizer.fromJSON(tokenizerJson);
    const recipe = recipeOf(options, config, suitedRecipe(options, config));
    const parameters = parameterCount(config);
    folder.create();
    folder.writeJson('config.json', config);
    folder.writeJson('tokenizer.json', tokenizerJson);
    folder.log({ type: state ? 'resume' : 'start', step: state?.step ?? 0, parameters, recipe, options });
    const { makeLanes, backend, lanes, report } = await chooseLanes(options, config, session);
    if (report) folder.log({ type: 'backend', ...report });
    session.progress.note(
      `pretrain: ${formatQuantity(parameters)} parameters, ${tokenizer.vocabSize} pieces, ${lanes} lane${lanes > 1 ? 's' : ''}`,
    );
    const corpus = await openCorpus(options.text ?? [], options.textColumn);
    const evaluation = await validation(options, recipe, tokenizer);
    const events = train({
      config,
      recipe,
      vocabulary: tokenizer,
      openWindows: (at) => corpus.windows(tokenizer, recipe.seed, at),
      makeLanes,
      checkpointEvery: { minutes: options.checkpointMinutes },
      signal: session.signal,
      ...(initial === undefined ? {} : { initial }),
      ...(evaluation === undefined ? {} : { evaluation }),
      ...(state === undefined ? {} : { resume: state }),
    });
    return followTraining(events, {
      label: 'pretrain',
      folder,
      description: { config, tokenizer: tokenizerJson, recipe: storedRecipe('pretrain', options, recipe) },
      resumeLine: `lacuna pretrain --out ${folder.path} --resume`,
      nextLine: `Try it: lacuna fill-mask "The [MASK] went home." --model ${folder.path}`,
      fields: { objective: config.objective, parameters, lanes, backend },
      session,
    });
  },
});

interface Beginning {
  readonly options: PretrainValues;
  readonly config: ModelConfig;
  readonly tokenizerJson: unknown;
  /** In place of random weights; with `state`, which holds all weights, it only tells that there were some. */
  readonly initial?: Readonly<Record<string, Float32Array>> | undefined;
  readonly state?: TrainingState | undefined;
}

const suitedRecipe = ({ model }: PretrainValues, config: ModelConfig) =>
  model === undefined ? recipeForSize(config) : recipeToContinue(config);

async function fresh(options: PretrainValues, folder: RunFolder, session: Session): Promise<Beginning> {
  const { text, tokenizer } = options;
  if (text === undefined)
    throw new UsageError('pretrain: --text must be FILE…, got nothing. "embedded" needs no file.');
  requireEmpty('pretrain', folder);
  if (options.model !== undefined) return continued(options.model, options, session);
  // What is wrong with the options comes to light before minutes go into a tokenizer.
  const vocabSize = options.vocabSize ?? plannedVocabSize(options.config);
  budgetOf(options);
  recipeOf(options, configOf(options.config, options.objective, vocabSize));
  await expectBackend(options);
  const corpus = await openCorpus(text, options.textColumn);
  const tokenizerJson =
    tokenizer === undefined
      ? await tokenizerFor(corpus, { vocabSize, maxBytes: options.tokenizerBytes }, session)
      : readJson('tokenizer', tokenizer, 'malformed_data');
  const named = configOf(options.config, options.objective, Tokenizer.fromJSON(tokenizerJson).vocabSize);
  const config = withTrainedLength(named, recipeOf(options, named));
  return { options, config, tokenizerJson };
}

/** These are the model's own. */
const MODELS_OWN = ['config', 'objective', 'tokenizer', 'vocabSize', 'tokenizerBytes'] as const;

async function continued(path: string, options: PretrainValues, session: Session): Promise<Beginning> {
  const given = MODELS_OWN.filter((name) => session.given.has(name)).map((name) => `--${kebab(name)}`);
  if (given.length > 0) {
    throw new UsageError(`pretrain: --model brings its shape and vocabulary, got ${given.join(', ')} as well.`);
  }
  const model = await readTrainedModel(path);
  expectTask('pretrain', model, 'fill-mask');
  const recipe = recipeOf(options, model.config, suitedRecipe(options, model.config));
  const config = withTrainedLength(model.config, recipe);
  return { options, config, tokenizerJson: tokenizerOf(model).toJSON(), initial: floatWeights(model) };
}

async function resumed(line: PretrainValues, folder: RunFolder, session: Session): Promise<Beginning> {
  if (session.given.has('model')) {
    throw new UsageError(
      'pretrain: --resume goes on from the run’s own checkpoint, got --model as well. Leave it out.',
    );
  }
  const { checkpoint, options } = await resumeRun('pretrain', folder, line, session, (own) => ({
    ...configOf(line.config, line.objective, own.vocabSize),
    maxPositionEmbeddings: own.maxPositionEmbeddings,
  }));
  const own = checkpoint.tokenizer;
  if (session.given.has('tokenizer') && line.tokenizer !== undefined) {
    const given = Tokenizer.fromJSON(readJson('tokenizer', line.tokenizer, 'malformed_data'));
    if (JSON.stringify(given.toJSON()) !== JSON.stringify(Tokenizer.fromJSON(own).toJSON())) {
      throw new LacunaError(
        'checkpoint_mismatch',
        `pretrain: expected the vocabulary of the run, got another one in ${line.tokenizer}. Leave --tokenizer out.`,
        { path: line.tokenizer },
      );
    }
  }
  const initial = options.model === undefined ? undefined : {};
  return { options, config: checkpoint.config, tokenizerJson: own, initial, state: checkpoint.state };
}
