/** `lacuna card`: writes the table of figures into a model card, out of what evaluations kept. */
import { writeFileSync } from 'node:fs';
import { LacunaError } from '@lacuna/core/errors';
import { defineCommand } from '../command.ts';
import { type Evaluation, evaluationTable, withTable } from '../model-card.ts';
import { readJson, readText } from '../read-json.ts';

export const card = defineCommand({
  name: 'card',
  about:
    'Puts a table between the marks <!-- lacuna card --> and <!-- /lacuna card --> of a model card: a row for each ' +
    'file that evaluate --out or baseline --out wrote, with 95 % intervals, or the spread over seeds.',
  options: {
    out: { kind: 'text', value: 'FILE', about: 'the model card, *.md', required: true },
    evaluations: { kind: 'list', value: 'FILE', about: 'the evaluations, in the order of the rows', required: true },
  },
  examples: ['lacuna card --out models/english.md --evaluations bench/evaluations/english.json'],
  async run({ out, evaluations }) {
    const found = evaluations.map((path) => readJson('card', path, 'malformed_data') as Evaluation);
    const table = evaluationTable(found);
    const text = withTable(out, readText('card', out, 'a model card'), table);
    try {
      writeFileSync(out, text);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new LacunaError('write_failed', `${out}: cannot be written: ${reason}.`, { path: out }, { cause });
    }
    return { fields: { out, rows: found.length }, text: table };
  },
});
