/** `lacuna tokenizer`: a vocabulary by itself, for models that are to share it. */
import { CONFIGS, Tokenizer } from '@lacuna/core';
import { defineCommand } from '../command.ts';
import { openCorpus, tokenizerFor } from '../corpus.ts';
import { writeJsonFile } from '../evaluation-file.ts';
import { TOKENIZER_OPTIONS } from '../pretrain-options.ts';

export const tokenizer = defineCommand({
  name: 'tokenizer',
  about:
    'Trains a WordPiece vocabulary on text and writes it as a tokenizer.json. pretrain does the same for a run of its own; ' +
    'runs that are compared, or teach each other, need one vocabulary: pretrain --tokenizer FILE.',
  options: {
    text: {
      kind: 'list',
      value: 'FILE',
      about: 'text to learn: .txt .tsv .csv .jsonl, also .gz .zst; or "embedded"',
      required: true,
    },
    textColumn: {
      kind: 'text',
      value: 'NAME',
      about: 'column of tables that holds the text (default: text or sentence)',
    },
    ...TOKENIZER_OPTIONS,
    out: { kind: 'text', value: 'FILE', about: 'the file to write', required: true },
  },
  examples: ['lacuna tokenizer --text wiki.txt.zst reviews.tsv.gz --vocab-size 8192 --out runs/tokenizer.json'],
  async run({ text, textColumn, vocabSize = CONFIGS.base.vocabSize, tokenizerBytes, out }, _positionals, session) {
    const corpus = await openCorpus(text, textColumn);
    const json = await tokenizerFor(corpus, { vocabSize, maxBytes: tokenizerBytes }, session);
    writeJsonFile(out, json);
    const pieces = Tokenizer.fromJSON(json).vocabSize;
    return { fields: { out, pieces }, text: `Wrote ${out}: ${pieces} pieces.` };
  },
});
