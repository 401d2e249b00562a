/** `lacuna curve`: a run's learning curve out of its log, small enough to keep. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from '../command.ts';
import { writeEvaluation } from '../evaluation-file.ts';
import { learningCurve } from '../learning-curve.ts';
import { table } from '../table.ts';
import { nameFrom } from '../trained-model.ts';

export const curve = defineCommand({
  name: 'curve',
  about: 'Takes what a run scored on its held-out data out of its log, by tokens and by seconds.',
  options: {
    model: { kind: 'text', value: 'DIR', about: 'the folder of a run', required: true },
    out: { kind: 'text', value: 'FILE', about: 'keep the curve in this file, for the results page' },
    name: { kind: 'text', value: 'NAME', about: 'of the curve (default: from --model)' },
    about: { kind: 'text', value: 'TEXT', about: 'what the results page says of the run', default: '' },
  },
  examples: ['lacuna curve --model runs/base --about "6 + 4 layers, 192 wide" --out bench/curves/base.json'],
  async run({ model, out, name = nameFrom(model), about }) {
    const points = learningCurve(model);
    const fields = { name, about, complete: isComplete(model), points };
    if (out !== undefined) writeEvaluation(out, fields);
    const rows = points.map(({ tokens, seconds, top1, accuracy, macroF1, crossEntropy }) =>
      [tokens, seconds, top1 ?? accuracy ?? macroF1 ?? '', crossEntropy].map(String),
    );
    return { fields, text: table(['tokens', 'seconds', 'figure', 'crossEntropy'], rows) };
  },
});

function isComplete(folder: string): boolean {
  const path = join(folder, 'log.jsonl');
  const last = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n').at(-1) : undefined;
  return last?.startsWith('{"type":"done"') === true && last.includes('"complete":true');
}
