/** `lacuna fill-mask`: what may stand in the gaps of a text. */
import { defineCommand } from '../command.ts';
import { openBackend } from '../lane-backend.ts';
import { BACKEND_OPTIONS } from '../pretrain-options.ts';
import { percent, table } from '../table.ts';
import { MODEL_OPTION, openModel } from '../trained-model.ts';

export const fillMask = defineCommand({
  name: 'fill-mask',
  about: 'Fills every [MASK] of a text with the likeliest pieces.',
  positionals: ['TEXT'],
  options: {
    ...MODEL_OPTION,
    topK: { kind: 'integer', about: 'candidates a gap (default: 5, or all of --targets)', min: 1 },
    targets: { kind: 'list', value: 'WORD', about: 'score these words only' },
    truncate: { kind: 'flag', about: 'cut a text that is too long to a window around its gaps' },
    ...BACKEND_OPTIONS,
  },
  examples: ['lacuna fill-mask "The [MASK] of France is Paris." --model models/fill-mask.safetensors'],
  async run(options, [text = ''], _session) {
    const { topK, targets, truncate } = options;
    const model = await openModel(options.model, await openBackend(options));
    const gaps = await model.fillMask(text, {
      truncate,
      ...(topK === undefined ? {} : { topK }),
      ...(targets === undefined ? {} : { targets }),
    });
    const rows = gaps.flatMap((candidates, gap) =>
      candidates.map(({ token_str, score, sequence }) => [`${gap + 1}`, token_str, percent(score), sequence]),
    );
    return { fields: { model: model.name, gaps }, text: table(['gap', 'piece', 'score', 'text'], rows) };
  },
});
