/** What a model card says of a model besides its figures: its shape, its data with their licences, how it was made. */
import { type Artifact, parameterCount } from '@lacuna/core';
import { formatQuantity } from './quantity.ts';
import { lineOf, type Recipe, shellLine } from './recipe.ts';
import { markdownTable } from './table.ts';

/** A table of facts; `file` is the artifact's name. */
export function factsTable(artifact: Artifact, file: string): string {
  const { config, task, labels, multiLabel, threshold, quantization, sizeBytes, provenance } = artifact;
  const head = task === 'fill-mask' ? undefined : { numLabels: labels.length };
  const decoder = head || config.objective === 'mlm' ? '' : ` and ${config.numDecoderLayers} decoder`;
  const { step, tokens } = (provenance ?? {}) as { step?: number; tokens?: number };
  const weights = quantization === 'int8' ? 'int8 weights with one float32 scale a row' : 'float32 weights';
  const rows = [
    ['File', `\`${file}\`, ${(sizeBytes / 1e6).toFixed(2)} MB: ${weights}, vocabulary included`],
    ['Parameters', parameterCount(config, head).toLocaleString('en-US')],
    [
      'Shape',
      `${config.numHiddenLayers} encoder${decoder} layers, ${config.hiddenSize} wide, ${config.numAttentionHeads} heads, ` +
        `GeGLU ${config.intermediateSize}, rotary positions`,
    ],
    ['Vocabulary', `${config.vocabSize.toLocaleString('en-US')} WordPiece pieces`],
    ['Longest text', `${config.maxPositionEmbeddings} tokens`],
    ...(head ? [['Labels', labelsOf(labels, multiLabel)]] : []),
    ...(threshold === null ? [] : [['Threshold', `${threshold.toFixed(3)}, which \`"threshold": "model"\` asks for`]]),
    ...(step === undefined || tokens === undefined
      ? []
      : [['Last run', `${step.toLocaleString('en-US')} steps, ${formatQuantity(tokens)} tokens`]]),
    ['Licence', 'Apache-2.0 for the weights; the data’s terms below'],
  ];
  return markdownTable(['', ''], rows);
}

/** Data and licences of the recipes, and the line that makes the model with all that it runs. */
export function makingSection(recipes: readonly Recipe[]): string {
  const licences = new Map(recipes.flatMap((recipe) => Object.entries(recipe.licences)));
  const name = recipes.at(-1)?.name;
  const lines = recipes.flatMap((recipe) =>
    recipe.steps.map((step) =>
      shellLine([
        'lacuna',
        step.command,
        ...lineOf(step, { ...recipe, folder: 'recipes' }, { data: '$DATA', out: '$OUT', models: 'models' }),
      ]),
    ),
  );
  return [
    '## Data',
    markdownTable(
      ['data', 'licence'],
      [...licences].map(([path, licence]) => [`\`${path.replace(/^\$(DATA|MODELS)\//, '')}\``, licence]),
    ),
    '## How it was made',
    `\`lacuna recipe run ${name} --data $DATA --out $OUT\`, which runs:`,
    `\`\`\`sh\n${lines.join('\n')}\n\`\`\``,
  ].join('\n\n');
}

function labelsOf(labels: readonly string[], multiLabel: boolean): string {
  const shown = labels.length > 12 ? `${labels.slice(0, 6).join(', ')} … (${labels.length})` : labels.join(', ');
  return `${shown}; ${multiLabel ? 'a text may have several' : 'one a text'}`;
}
