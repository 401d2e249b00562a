/** A model's card: what is known of it, read from its file and from the data at hand, and nothing else. */
import type { LocalModel } from '@lacuna/client/local';
import { bytes, percent, whole } from '../format.ts';
import type { DataSet } from '../project.ts';
import { snippet } from './snippets.ts';

type Facts = Pick<
  LocalModel,
  | 'task'
  | 'labels'
  | 'config'
  | 'parameters'
  | 'sizeBytes'
  | 'quantization'
  | 'version'
  | 'metrics'
  | 'provenance'
  | 'maxTokens'
>;

export interface CardOptions {
  readonly name: string;
  readonly description?: string;
  /** The data at hand: told of only where the file says that the model learned from it. */
  readonly data?: DataSet | undefined;
  /** Of a student that was made in this tab. */
  readonly teacher?: string | undefined;
  /** Where it is or will be served. */
  readonly address: string;
}

/** What is read of an artifact's provenance, where it is as Lacuna's trainers write it. */
interface Made {
  readonly recipe?: {
    readonly task?: string;
    readonly text?: readonly string[];
    readonly startsFrom?: string;
    readonly backend?: string;
    readonly lanes?: number;
    readonly recipe?: object;
  };
  readonly step?: number;
  readonly tokens?: number;
}

const WHAT = { pretrain: 'Pre-trained', finetune: 'Fine-tuned', distill: 'Distilled from a teacher' };

/** As Markdown. */
export function modelCard(facts: Facts, options: CardOptions): string {
  const made = (isRecord(facts.provenance) ? facts.provenance : {}) as Made;
  const parts = [
    `# ${options.name}`,
    options.description?.trim() ||
      (facts.task === 'fill-mask' ? 'Fills gaps in text.' : `Labels texts: ${facts.labels.join(', ')}.`),
    table(facts, options),
    '## Use',
    fenced('sh', snippet('curl', useOf(facts, options))),
    '## Texts it learned from',
    texts(made, options.data),
    '## How it was made',
    making(made, options.teacher),
    '## Evaluation',
    evaluation(facts.metrics),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function table({ config, labels, ...facts }: Facts, { name }: CardOptions): string {
  const isFilling = facts.task === 'fill-mask';
  const weights = facts.quantization === 'int8' ? 'int8 weights with one float32 scale a row' : 'float32 weights';
  const layers = isFilling && config.numDecoderLayers > 0 ? ` and ${config.numDecoderLayers} decoder` : '';
  const rows = [
    ['File', `\`${name}.safetensors\`, ${bytes(facts.sizeBytes)}: ${weights}, vocabulary included`],
    ['Version', `\`${facts.version}\``],
    ['Parameters', whole(facts.parameters)],
    [
      'Shape',
      `${config.numHiddenLayers} encoder${layers} layers, ${config.hiddenSize} wide, ${config.numAttentionHeads} heads, ` +
        `GeGLU ${config.intermediateSize}, rotary positions`,
    ],
    ['Vocabulary', `${whole(config.vocabSize)} WordPiece pieces`],
    ['Longest text', `${facts.maxTokens} tokens`],
    ...(isFilling ? [] : [['Labels', labels.map((label) => `\`${label}\``).join(', ')]]),
    ['Licence', 'not stated'],
  ];
  return ['| | |', '|---|---|', ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)].join('\n');
}

function useOf(facts: Facts, { name, address }: CardOptions) {
  const isFilling = facts.task === 'fill-mask';
  const text = isFilling ? 'A text with a [MASK] in it.' : 'A text.';
  return { address, model: name, task: isFilling ? ('fill-mask' as const) : ('classification' as const), text };
}

function texts({ recipe = {} }: Made, data: DataSet | undefined): string {
  const names = recipe.text ?? [];
  if (names.length === 0) return 'The file does not say.';
  const listed = names.map((name) => `- ${name}`).join('\n');
  if (!data || !names.includes(data.train.name ?? data.name)) return listed;
  const { statistics: of } = data;
  const numbers = [
    ['Texts', whole(of.texts)],
    ['of them to learn from', whole(data.trainTexts)],
    ['of them held out', whole(data.heldOut.length)],
    ['Words', whole(of.words)],
    ['Characters', whole(of.characters)],
    ['Texts that occur again', whole(of.duplicates)],
    ...of.labels.map(({ label, count }) => [`Label \`${label}\``, whole(count)]),
  ];
  const rows = numbers.map((row) => `| ${row.map(cell).join(' | ')} |`);
  return [listed, ['| data | |', '|---|---|', ...rows].join('\n')].join('\n\n');
}

function making({ recipe = {}, step, tokens }: Made, teacher: string | undefined): string {
  const task = WHAT[recipe.task as keyof typeof WHAT];
  if (task === undefined) return 'The file does not say.';
  const lanes = recipe.lanes === 1 ? 'one lane' : `${recipe.lanes} lanes`;
  const told = [
    `${task}${recipe.startsFrom ? ` from ${recipe.startsFrom}` : ''}${teacher && recipe.task === 'distill' ? ` (${teacher})` : ''}`,
    `in ${whole(step ?? 0)} steps over ${whole(tokens ?? 0)} tokens`,
    ...(recipe.backend ? [`with the backend ${recipe.backend} on ${lanes}`] : []),
  ].join(' ');
  const taught = teacher && recipe.task === 'finetune' ? ` Its labels were those of a teacher, ${teacher}.` : '';
  const settings = recipe.recipe ? `\n\n${fenced('json', JSON.stringify(recipe.recipe, null, 2))}` : '';
  return `${told}.${taught} The recipe:${settings}`;
}

function evaluation(metrics: Facts['metrics']): string {
  if (!isRecord(metrics)) return 'It was not scored on held-out data.';
  const number = (key: string) => (typeof metrics[key] === 'number' ? metrics[key] : undefined);
  const [top1, top5, accuracy, f1] = ['top1', 'top5', 'accuracy', 'macroF1'].map(number);
  const rows = [
    ...(top1 === undefined ? [] : [['Top-1', percent(top1)]]),
    ...(top5 === undefined ? [] : [['Top-5', percent(top5)]]),
    ...(accuracy === undefined ? [] : [['Accuracy', percent(accuracy)]]),
    ...(f1 === undefined ? [] : [['Macro-F1', f1.toFixed(4)]]),
    ...(number('crossEntropy') === undefined ? [] : [['Cross-entropy', `${number('crossEntropy')?.toFixed(4)} nats`]]),
    ...(number('tokens') === undefined ? [] : [['Removed tokens that were scored', whole(number('tokens') ?? 0)]]),
    ...(number('examples') === undefined ? [] : [['Examples that were scored', whole(number('examples') ?? 0)]]),
  ];
  return [
    'On held-out data, by the trainer:',
    ['| | |', '|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n'),
  ].join('\n\n');
}

const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``;
/** A cell of a table holds neither its border nor a line's end. */
const cell = (text: string) => text.replaceAll('|', '\\|').replace(/\s+/g, ' ');

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
