/** `lacuna card`: writes a model card, or its table of figures, out of the model, its recipe and its evaluations. */
import { existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { LacunaError } from '@lacuna/core/errors';
import { defineCommand } from '../command.ts';
import { type Evaluation, emptyCard, evaluationTable, labelTables, withTable } from '../model-card.ts';
import { factsTable, makingSection } from '../model-facts.ts';
import { readJson, readText } from '../read-json.ts';
import { openRecipe, withPrerequisites } from '../recipe.ts';
import { readTrainedModel } from '../trained-model.ts';

export const card = defineCommand({
  name: 'card',
  about:
    'Writes between the marks <!-- lacuna card --> and <!-- /lacuna card --> of a model card: a table with a row for each ' +
    'file that evaluate --out or baseline --out wrote, with 95 % intervals, or the spread over seeds. With --model it puts ' +
    'the facts of the model there as well, with --recipe its data, their licences and how it was made. What stands outside ' +
    'of the marks, e.g. the limits, is yours; a card that is not there yet is begun.',
  options: {
    out: { kind: 'text', value: 'FILE', about: 'the model card, *.md', required: true },
    evaluations: { kind: 'list', value: 'FILE', about: 'the evaluations, in the order of the rows', required: true },
    model: { kind: 'text', value: 'FILE', about: 'the exported model' },
    recipe: { kind: 'text', value: 'NAME|FILE', about: 'the recipe that makes it' },
  },
  examples: [
    'lacuna card --out models/lacuna-fill.md --evaluations bench/evaluations/fill.json',
    'lacuna card --out models/lacuna-fill.md --model models/lacuna-fill.safetensors --recipe fill --evaluations bench/evaluations/fill.json',
  ],
  async run({ out, evaluations, model, recipe }) {
    const found = evaluations.map((path) => readJson('card', path, 'malformed_data') as Evaluation);
    const table = evaluationTable(found);
    const made = recipe === undefined ? undefined : openRecipe(recipe);
    const parts = [
      ...(model === undefined ? [] : [factsTable(await readTrainedModel(model), basename(model))]),
      ...(made === undefined ? [] : [makingSection(withPrerequisites(made))]),
      ...(model === undefined && made === undefined ? [] : ['## Evaluation']),
      table,
      ...labelTables(found),
    ];
    const begun = existsSync(out)
      ? readText('card', out, 'a model card')
      : emptyCard(basename(out, '.md'), made?.about);
    const text = withTable(out, begun, parts.join('\n\n'));
    try {
      writeFileSync(out, text);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new LacunaError('write_failed', `${out}: cannot be written: ${reason}.`, { path: out }, { cause });
    }
    return { fields: { out, rows: found.length }, text: table };
  },
});
